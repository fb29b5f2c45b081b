-- Grain: rank and check of the period-end posture in scope, in the order of the findings table: the number of findings.
-- With relations only findings that they name, else all. Counted finding by finding: see tallied_plan.
SELECT finding_rank(t.status, t.severity) AS rank_, t.check_id, count(*) AS findings
FROM finding_state t
    SEMI JOIN period_end_scans c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    AND (NOT $is_of_muted OR t.is_muted)
    AND (NOT $is_related OR (t.provider, t.check_id, t.mapping_id) IN (
        SELECT (provider, check_id, mapping_id) FROM relations))
    AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
GROUP BY rank_, t.check_id
ORDER BY rank_, t.check_id
