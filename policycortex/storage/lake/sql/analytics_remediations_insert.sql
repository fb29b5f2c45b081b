-- Grain: equal keys that failed in the previous scan (as in analytics_failing_insert) and do not fail on $day, although
-- their check was scanned in their region; remediated if the check passes on them.
INSERT INTO lake.marts.remediations BY NAME
WITH scanned AS (
    SELECT DISTINCT organization, source, account_id, region, check_id
    FROM lake.core.scan_coverage
    WHERE observed_date = $day
),
before AS (
    SELECT organization, source, account_id, region, check_id, max(observed_date) AS observed_date
    FROM lake.core.scan_coverage SEMI JOIN scanned USING (organization, source, account_id, region, check_id)
    WHERE observed_date < $day AND observed_date >= $day::DATE - $lookback_days::INTEGER
    GROUP BY ALL
),
known AS (
    SELECT f.organization, f.source, f.provider, f.account_id, f.region, f.check_id, f.resource_uid,
        min(f.environment) AS environment, min(f.severity) AS severity, min(f.failing_since) AS opened_date,
        max(f.findings) AS findings
    FROM lake.core.failing_since f
        SEMI JOIN before b USING (organization, source, account_id, region, check_id, observed_date)
    WHERE f.observed_date < $day AND f.observed_date >= $day::DATE - $lookback_days::INTEGER
    GROUP BY ALL
),
ended AS (
    SELECT *
    FROM known ANTI JOIN (
        FROM lake.core.failing_since WHERE observed_date = $day
    ) USING (organization, source, account_id, region, check_id, resource_uid)
),
passing AS (
    SELECT DISTINCT organization, source, account_id, region, check_id, resource_uid, true AS is_passing
    FROM lake.core.finding_state
    WHERE observed_date = $day AND status = 'PASS' AND NOT is_muted
)
SELECT e.organization, $day::DATE AS observed_date, e.provider, e.account_id, e.environment, e.severity, e.opened_date,
    coalesce(p.is_passing, false) AS is_remediated, sum(e.findings)::BIGINT AS findings
FROM ended e LEFT JOIN passing p USING (organization, source, account_id, region, check_id, resource_uid)
GROUP BY ALL
ORDER BY ALL
