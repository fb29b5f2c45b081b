-- Grain: equal keys that failed in the previous scan (as in analytics_failing_insert) and do not fail on $day, although
-- their check was looked at in their target and region; remediated if the check passes on them, or if the scan lists all
-- that fails. A key that is muted on $day has ended, too, without remediation.
INSERT INTO lake.marts.remediations BY NAME
WITH looked AS (
    SELECT organization, source, account_id, scan_target, region, check_id, observed_date, is_all_checks
    FROM looked_days($day::DATE - $lookback_days::INTEGER, $day)
),
scanned AS (
    SELECT organization, source, account_id, scan_target, region, check_id, bool_or(is_all_checks) AS is_all_checks
    FROM looked
    WHERE observed_date = $day AND is_within(organization, $first_organization, $end_organization)
    GROUP BY ALL
),
before AS (
    SELECT organization, source, account_id, scan_target, region, check_id, max(observed_date) AS observed_date
    FROM looked SEMI JOIN scanned USING (organization, source, account_id, scan_target, region, check_id)
    WHERE observed_date < $day
    GROUP BY ALL
),
known AS (
    SELECT f.organization, f.source, f.provider, f.account_id, f.scan_target, f.region, f.check_id, f.resource_uid,
        min(f.environment) AS environment, min(f.severity) AS severity, min(f.mapping_id) AS mapping_id,
        min(f.failing_since) AS opened_date,
        max(f.findings) AS findings
    FROM lake.core.failing_since f
        SEMI JOIN before b USING (organization, source, account_id, scan_target, region, check_id, observed_date)
    WHERE f.observed_date < $day AND f.observed_date >= $day::DATE - $lookback_days::INTEGER AND NOT coalesce(f.is_muted, false)
    GROUP BY ALL
),
ended AS (
    SELECT *
    FROM known ANTI JOIN (
        FROM lake.core.failing_since WHERE observed_date = $day AND NOT is_muted
    ) USING (organization, source, account_id, scan_target, region, check_id, resource_uid)
),
passing AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id, resource_uid, true AS is_passing
    FROM lake.core.finding_state
    WHERE observed_date = $day AND status = 'PASS' AND NOT is_muted
),
muted AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id, resource_uid, true AS is_muted
    FROM lake.core.failing_since
    WHERE observed_date = $day AND is_muted
)
SELECT e.organization, $day::DATE AS observed_date, e.provider, e.account_id, e.environment, e.check_id, e.mapping_id,
    e.severity, e.opened_date,
    coalesce(p.is_passing, false) OR (s.is_all_checks AND m.is_muted IS NULL) AS is_remediated, sum(e.findings)::BIGINT AS findings
FROM ended e
    JOIN scanned s USING (organization, source, account_id, scan_target, region, check_id)
    LEFT JOIN passing p USING (organization, source, account_id, scan_target, region, check_id, resource_uid)
    LEFT JOIN muted m USING (organization, source, account_id, scan_target, region, check_id, resource_uid)
GROUP BY ALL
ORDER BY ALL
