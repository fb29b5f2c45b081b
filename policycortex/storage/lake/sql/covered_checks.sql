-- Grain: one check in one scan target that the period's scans looked at; columns of COVERED_SCHEMA. The region is known of
-- selected scans with findings. At a snapshot before version 6 no scan target is known: NULL.
WITH coverage AS MATERIALIZED (
    SELECT DISTINCT observed_date, source, provider, account_id, scan_target, region, check_id, scan_key, listing,
        is_whole_target, epoch_us(scan_at) >= epoch_us($start_at) AND epoch_us(scan_at) < epoch_us($end_at) AS is_in_period
    FROM scan_coverage
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
),
seen AS (
    FROM coverage WHERE is_in_period
)
SELECT source, account_id, CASE WHEN has_scan_targets() THEN scan_target END AS scan_target, region, check_id
FROM coverage SEMI JOIN period_end_scans USING (observed_date, source, provider, account_id, scan_target, check_id, scan_key)
WHERE check_id <> ''
UNION
SELECT source, account_id, scan_target, NULL AS region, check_id
FROM covered_checks('seen')
WHERE has_scan_targets()
