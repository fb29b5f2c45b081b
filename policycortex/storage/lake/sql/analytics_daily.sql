-- Grain: day, place ($by: account, provider, environment, else one for all) and tally key over each day's own period-end
-- posture in the scope; findings that pass or fail.
SELECT t.observed_date,
    CASE $by WHEN 'account' THEN t.account_id WHEN 'provider' THEN t.provider WHEN 'environment' THEN t.environment
        ELSE '' END AS place,
    t.provider, t.check_id, t.mapping_id,
    sum(t.passed)::BIGINT AS passed, sum(t.failed)::BIGINT AS failed
FROM check_tallies t
    SEMI JOIN period_end_scans($organization, $first_date, $last_date, $start_at, $end_at, true) c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
GROUP BY ALL
ORDER BY ALL
