-- Grain: one check of one account whose newest scan in the period is scan_key, and one day of that scan.
-- The time of a scan is its last one for the account within the period; a tie goes to the greater key.
WITH seen AS (
    SELECT DISTINCT source, provider, account_id, check_id, scan_key, scan_at, observed_date
    FROM lake.core.scan_coverage
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
        AND epoch_us(scan_at) >= epoch_us($start_at) AND epoch_us(scan_at) < epoch_us($end_at)
),
scans AS (
    SELECT source, provider, account_id, scan_key, max(scan_at) AS newest_at
    FROM seen
    GROUP BY ALL
),
chosen AS (
    SELECT source, provider, account_id, check_id, arg_max(scan_key, (newest_at, scan_key)) AS scan_key
    FROM seen JOIN scans USING (source, provider, account_id, scan_key)
    GROUP BY ALL
)
SELECT source, provider, account_id, check_id, scan_key, observed_date, scan_at
FROM seen SEMI JOIN chosen USING (source, provider, account_id, check_id, scan_key)
