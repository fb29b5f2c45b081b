-- Grain: one of the newest imports; the counts of its receipt and of its stored rows.
WITH wanted AS (SELECT * FROM lake.raw.imports ORDER BY imported_at DESC, import_id LIMIT $row_limit),
findings AS (
    SELECT import_id, count(*) AS stored FROM lake.core.findings
    WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
),
quarantine AS (SELECT import_id, count(*) AS stored FROM lake.raw.quarantine GROUP BY ALL)
SELECT i.organization, i.import_id, i.file_name, i.imported_at,
    i.read_count AS read, i.kept_count AS kept, i.quarantined_count AS quarantined,
    coalesce(f.stored, 0) AS stored_findings, coalesce(q.stored, 0) AS stored_quarantine,
    i.read_count = i.kept_count + i.quarantined_count AND i.kept_count = coalesce(f.stored, 0)
        AND i.quarantined_count = coalesce(q.stored, 0) AS is_reconciled
FROM wanted i
    LEFT JOIN findings f USING (import_id)
    LEFT JOIN quarantine q USING (import_id)
ORDER BY i.imported_at, i.import_id
