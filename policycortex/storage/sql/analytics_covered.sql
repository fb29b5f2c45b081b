-- Grain: check looked at in one region of an account by the closing posture's scans; columns of COVERED_SCHEMA.
SELECT DISTINCT source, account_id, region, check_id
FROM lake.core.scan_coverage
    SEMI JOIN closing_scans($organization, $first_date, $last_date, $start_at, $end_at)
    USING (observed_date, source, provider, account_id, check_id, scan_key)
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
