-- One row: how many checks were looked at on $day in a target and region in which they were not in the $near_days days before,
-- and the organisations of the day.
WITH looked AS (
    FROM looked_days($day::DATE - $near_days::INTEGER, $day)
),
earlier AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id, true AS is_seen
    FROM looked WHERE observed_date < $day
)
SELECT count(*) FILTER (is_seen IS NULL) AS checks, list_sort(list(DISTINCT organization)) AS organizations
FROM looked LEFT JOIN earlier USING (organization, source, account_id, scan_target, region, check_id)
WHERE observed_date = $day
