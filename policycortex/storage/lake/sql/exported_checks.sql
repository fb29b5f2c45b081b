-- Grain: one check with exported findings, all providers together; columns of CHECK_COUNTS_SCHEMA. A finding counts once,
-- in the first of muted, waived and its status.
SELECT check_id, min(title) AS title,
    arg_min(severity, list_position(['critical', 'high', 'medium', 'low', 'informational'], severity)) AS severity,
    min(service) AS service,
    count(*) FILTER (status = 'PASS' AND NOT muted) AS passed,
    count(*) FILTER (status = 'FAIL' AND NOT muted AND NOT waived) AS failed,
    count(*) FILTER (status = 'MANUAL' AND NOT muted) AS manual,
    count(*) FILTER (muted) AS muted,
    count(*) FILTER (status = 'FAIL' AND NOT muted AND waived) AS waived,
    list_sort(list(DISTINCT trim(source || ' ' || source_version))) AS scanners
FROM read_parquet($path)
GROUP BY check_id
ORDER BY check_id
