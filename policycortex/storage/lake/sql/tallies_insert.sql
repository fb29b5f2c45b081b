-- Grain: findings of one scan on $day by the columns that scores and filters need; muted first, else by raw status.
INSERT INTO lake.marts.check_tallies BY NAME
SELECT organization, observed_date, scan_key, source, provider, account_id, environment, service, scan_target, check_id,
    mapping_id, severity,
    count(*) FILTER (NOT is_muted AND status = 'PASS') AS passed,
    count(*) FILTER (NOT is_muted AND status = 'FAIL') AS failed,
    count(*) FILTER (NOT is_muted AND status = 'MANUAL') AS manual,
    count(*) FILTER (is_muted) AS muted
FROM lake.core.finding_state
WHERE observed_date = $day AND is_within(organization, $first_organization, $end_organization)
GROUP BY ALL
ORDER BY ALL
