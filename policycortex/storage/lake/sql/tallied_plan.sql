-- Grain and meaning of export_plan, from tallies, for findings that are not muted. Tallies do not have the status of muted
-- ones: these are one row of rank 0 for each check.
WITH tallied AS (
    SELECT t.check_id, t.severity, t.passed, t.failed, t.manual, t.muted
    FROM check_tallies t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND (NOT $is_related OR (t.provider, t.check_id, t.mapping_id) IN (
            SELECT (provider, check_id, mapping_id) FROM relations))
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
),
counted AS (
    SELECT finding_rank('PASS', severity) AS rank_, check_id, passed AS findings FROM tallied
    UNION ALL
    SELECT finding_rank('FAIL', severity), check_id, failed FROM tallied
    UNION ALL
    SELECT finding_rank('MANUAL', severity), check_id, manual FROM tallied
    UNION ALL
    SELECT 0, check_id, muted FROM tallied
)
SELECT rank_, check_id, sum(findings)::BIGINT AS findings
FROM counted
WHERE findings > 0
GROUP BY rank_, check_id
ORDER BY rank_, check_id
