-- One date: the last day before $day, within a quarter, on which the same source scanned a target of the file; NULL without.
WITH targets AS (
    SELECT DISTINCT source, account_id, scan_target FROM read_parquet($path) WHERE listing IN ('results', 'state')
)
SELECT max(observed_date) AS previous_date
FROM lake.core.scan_coverage SEMI JOIN targets USING (source, account_id, scan_target)
WHERE organization = $organization AND observed_date BETWEEN $day::DATE - 92 AND $day::DATE - 1
