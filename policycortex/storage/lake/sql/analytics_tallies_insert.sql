-- Grain: findings of one scan on $day by the columns that risk needs. A key without a built age fails since $day.
INSERT INTO lake.marts.risk_tallies BY NAME
WITH ages AS (
    SELECT organization, scan_key, source, account_id, scan_target, region, check_id, resource_uid, failing_since
    FROM lake.core.failing_since
    WHERE observed_date = $day
),
titles AS (
    SELECT organization, text_id, any_value(title) AS title FROM lake.core.check_texts GROUP BY ALL
),
found AS (
    SELECT t.*, x.title, t.status = 'PASS' AND NOT t.is_muted AS is_passing,
        t.status = 'FAIL' AND NOT t.is_muted AS is_failing
    FROM lake.core.finding_state t
        LEFT JOIN titles x ON x.organization = t.organization AND x.text_id = t.text_id
    WHERE t.observed_date = $day AND is_within(t.organization, $first_organization, $end_organization)
),
tallies AS (
    SELECT f.organization, f.observed_date, f.scan_key, max(f.scan_at) AS scan_at, f.source, f.provider, f.account_id,
        f.environment, f.service, f.scan_target, f.check_id, f.mapping_id, min(f.title) AS title, f.severity,
        CASE WHEN f.is_failing THEN coalesce(a.failing_since, $day::DATE) END AS failing_since,
        f.is_exposed, min(f.resource_uid) FILTER (f.is_failing) AS resource_uid,
        count(*) FILTER (f.is_passing) AS passed, count(*) FILTER (f.is_failing) AS failed
    FROM found f
        LEFT JOIN ages a USING (organization, scan_key, source, account_id, scan_target, region, check_id, resource_uid)
    GROUP BY ALL
)
SELECT * REPLACE (max(scan_at) OVER (PARTITION BY organization, source, provider, account_id, scan_key) AS scan_at)
FROM tallies
ORDER BY organization, check_id, account_id, scan_key, severity, failing_since
