-- Grain: severity of "oldest" with a finding that failed first on $since, whose check no scan looked at in its account in the
-- $known_days days before.
WITH looked AS (
    SELECT DISTINCT account_id, check_id, listing = 'failures' AS is_all_checks
    FROM scan_coverage
    WHERE organization = $organization
        AND observed_date BETWEEN $since::DATE - $known_days::INTEGER AND $since::DATE - 1
)
SELECT DISTINCT o.severity
FROM oldest o
    ANTI JOIN looked l ON l.account_id = o.account_id AND (l.check_id = o.check_id OR l.is_all_checks)
WHERE o.failing_since = $since::DATE
ORDER BY o.severity
