-- Grain: environment and account with findings in the scope's period-end posture; columns of PLACES_SCHEMA.
SELECT t.environment, t.account_id, sum(t.passed + t.failed + t.manual + t.muted)::BIGINT AS findings
FROM check_tallies t
    SEMI JOIN period_end_scans c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
GROUP BY ALL
ORDER BY ALL
