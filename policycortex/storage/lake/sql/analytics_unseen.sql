-- One number: checks looked at on $day in a target and region that were not looked at in the $near_days days before.
WITH looked AS (
    FROM looked_days($day::DATE - $near_days::INTEGER, $day)
),
earlier AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id FROM looked WHERE observed_date < $day
)
SELECT count(*) AS checks
FROM looked ANTI JOIN earlier USING (organization, source, account_id, scan_target, region, check_id)
WHERE observed_date = $day
