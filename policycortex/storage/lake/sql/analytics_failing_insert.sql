-- Grain: failing key of one scan on $day, also a muted one: muting does not stop the clock. If it failed in the previous
-- scan, it keeps that row's first day; the previous scan is the newest in $lookback_days of the check in the target and
-- region. Else it is $day.
INSERT INTO lake.core.failing_since BY NAME
WITH failing AS (
    SELECT organization, observed_date, scan_key, source, provider, account_id, scan_target, region, check_id,
        resource_uid, min(environment) AS environment, min_by(severity, list_position(
            ['critical', 'high', 'medium', 'low', 'informational'], severity)) AS severity, min(mapping_id) AS mapping_id,
        bool_and(is_muted) AS is_muted,
        CASE WHEN bool_and(is_muted) THEN count(*) ELSE count(*) FILTER (NOT is_muted) END AS findings
    FROM lake.core.finding_state
    WHERE observed_date = $day AND status = 'FAIL' AND is_within(organization, $first_organization, $end_organization)
    GROUP BY ALL
),
before AS (
    SELECT organization, source, account_id, scan_target, region, check_id, max(observed_date) AS observed_date
    FROM looked_days($day::DATE - $lookback_days::INTEGER, $day)
    WHERE observed_date < $day
    GROUP BY ALL
),
known AS (
    SELECT f.organization, f.source, f.account_id, f.scan_target, f.region, f.check_id, f.resource_uid,
        min(f.failing_since) AS failing_since
    FROM lake.core.failing_since f
        SEMI JOIN before b USING (organization, source, account_id, scan_target, region, check_id, observed_date)
    WHERE f.observed_date < $day AND f.observed_date >= $day::DATE - $lookback_days::INTEGER
    GROUP BY ALL
)
SELECT f.*, coalesce(k.failing_since, $day::DATE) AS failing_since
FROM failing f LEFT JOIN known k USING (organization, source, account_id, scan_target, region, check_id, resource_uid)
ORDER BY organization, check_id, account_id, region, resource_uid, scan_key
