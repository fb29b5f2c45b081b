-- Grain: source and account scanned in the period; columns of COVERAGE_SCHEMA. An account counts when it has findings
-- in the scope.
SELECT t.source, t.provider, t.account_id, count(DISTINCT t.check_id) AS checks, max(c.scan_at) AS last_scan_at
FROM check_tallies t
    JOIN period_end_scans c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
GROUP BY ALL
ORDER BY ALL
