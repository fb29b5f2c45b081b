-- The days of imports whose findings moved to the day of their export.
UPDATE lake.raw.imports i
SET dates = m.dates, first_date = list_min(m.dates), last_date = list_max(m.dates)
FROM (
    SELECT import_id, list_sort(list(DISTINCT day)) AS dates
    FROM (
        SELECT import_id, observed_date AS day FROM lake.core.findings
        UNION ALL
        SELECT import_id, scanned_at::DATE FROM lake.raw.clean_scans
    )
    WHERE import_id IN (SELECT import_id FROM new_targets WHERE listing = 'state')
    GROUP BY import_id
) m
WHERE i.import_id = m.import_id
