-- Failing, unmuted findings of the period-end posture by what the ledger has one row of: account, check and requirement;
-- columns of FAILING_SCHEMA. is_waived: a waiver in force covers the finding for this requirement. resources: uids by name,
-- the first $examples of them.
WITH failing AS (
    SELECT file_row_number AS row_no, source, provider, account_id, check_id, resource_uid, 
        unnest(CASE WHEN len(requirements) = 0 THEN [''] ELSE requirements END) AS requirement_id
    FROM read_parquet($path, file_row_number => true)
    WHERE status = 'FAIL' AND NOT muted
),
covering AS (
    SELECT f.row_no, f.requirement_id, list(DISTINCT w.waiver_id) AS waiver_ids
    FROM failing f JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND (w.requirement_id IS NULL OR w.requirement_id = f.requirement_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
    GROUP BY ALL
)
SELECT f.source, f.provider, f.account_id, f.check_id, f.requirement_id, count(*) AS failing,
    count(*) FILTER (c.row_no IS NOT NULL) AS waived,
    list_sort(list_distinct(flatten(list(coalesce(c.waiver_ids, []))))) AS waiver_ids,
    count(DISTINCT f.resource_uid) AS resource_count,
    list_sort(list_distinct(min(f.resource_uid, $examples))) AS resources
FROM failing f LEFT JOIN covering c USING (row_no, requirement_id)
GROUP BY ALL
ORDER BY ALL
