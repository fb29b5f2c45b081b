-- Grain: one check in one scan target that the period's scans looked at; columns of COVERED_SCHEMA. The region is known of
-- selected scans with findings. At a snapshot before version 6 no scan target is known: NULL.
SELECT source, account_id, CASE WHEN has_scan_targets() THEN scan_target END AS scan_target, region, check_id
FROM scan_coverage
    SEMI JOIN period_end_scans USING (observed_date, source, provider, account_id, scan_target, check_id, scan_key)
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND check_id <> ''
UNION
SELECT source, account_id, scan_target, NULL AS region, check_id
FROM covered_checks($organization, $first_date, $last_date, $start_at, $end_at)
WHERE has_scan_targets()
