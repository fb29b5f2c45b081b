-- Grain: UTC day of the next scan of a check of $day: its ages start from those of $day.
WITH looked AS (
    SELECT organization, source, account_id, scan_target, region, check_id, observed_date
    FROM looked_days($day, $day::DATE + $lookback_days::INTEGER)
),
scanned AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id
    FROM looked
    WHERE observed_date = $day
),
again AS (
    SELECT organization, source, account_id, scan_target, region, check_id, min(observed_date) AS observed_date
    FROM looked SEMI JOIN scanned USING (organization, source, account_id, scan_target, region, check_id)
    WHERE observed_date > $day
    GROUP BY ALL
)
SELECT DISTINCT observed_date FROM again
