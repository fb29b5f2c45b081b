-- Grain: UTC day of the next scan of a check of $day: its ages start from those of $day.
WITH scanned AS (
    SELECT DISTINCT organization, source, account_id, region, check_id
    FROM lake.core.scan_coverage
    WHERE observed_date = $day
),
again AS (
    SELECT organization, source, account_id, region, check_id, min(observed_date) AS observed_date
    FROM lake.core.scan_coverage SEMI JOIN scanned USING (organization, source, account_id, region, check_id)
    WHERE observed_date > $day AND observed_date <= $day::DATE + $lookback_days::INTEGER
    GROUP BY ALL
)
SELECT DISTINCT observed_date FROM again
