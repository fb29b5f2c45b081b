-- Grain: a scan target of a check that once failed in its account, unmuted.
WITH weak AS (
    SELECT DISTINCT source, provider, account_id, check_id
    FROM finding_state
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND status = 'FAIL' AND NOT is_muted
)
SELECT DISTINCT source, provider, account_id, scan_target, check_id
FROM scan_coverage SEMI JOIN weak USING (source, provider, account_id, check_id)
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
