-- The lake's tables as the queries of this connection read them, counted from the findings that the scope keeps. Each view
-- has the grain and the meaning of the table that it shadows (tallies_insert, analytics_tallies_insert).
CREATE TEMP VIEW finding_state AS SELECT * EXCLUDE (is_kept) FROM all_states WHERE is_kept;

CREATE TEMP VIEW check_tallies AS
SELECT organization, observed_date, scan_key, source, provider, account_id, environment, service, scan_target, check_id,
    mapping_id, severity,
    count(*) FILTER (NOT is_muted AND status = 'PASS') AS passed,
    count(*) FILTER (NOT is_muted AND status = 'FAIL') AS failed,
    count(*) FILTER (NOT is_muted AND status = 'MANUAL') AS manual,
    count(*) FILTER (is_muted) AS muted
FROM finding_state
GROUP BY ALL;

-- A snapshot before version 5 lacks is_exposed: it is then NULL.
CREATE TEMP VIEW risk_tallies AS
WITH ages AS (
    SELECT observed_date, scan_key, source, account_id, scan_target, region, check_id, resource_uid, failing_since
    FROM failing_since
    WHERE organization = getvariable('scope_organization')
        AND observed_date BETWEEN getvariable('scope_first') AND getvariable('scope_last')
),
titles AS (
    SELECT text_id, any_value(title) AS title
    FROM lake.core.check_texts
    WHERE organization = getvariable('scope_organization')
    GROUP BY text_id
),
states AS (
    FROM finding_state
    UNION ALL BY NAME
    SELECT NULL::BOOLEAN AS is_exposed WHERE false
),
found AS (
    SELECT t.*, x.title, t.status = 'PASS' AND NOT t.is_muted AS is_passing, t.status = 'FAIL' AND NOT t.is_muted AS is_failing
    FROM states t LEFT JOIN titles x ON x.text_id = t.text_id
)
SELECT f.organization, f.observed_date, f.scan_key, f.source, f.provider, f.account_id, f.environment, f.service,
    f.scan_target, f.check_id, f.mapping_id, min(f.title) AS title, f.severity,
    CASE WHEN f.is_failing THEN coalesce(a.failing_since, f.observed_date) END AS failing_since,
    f.is_exposed, min(f.resource_uid) FILTER (f.is_failing) AS resource_uid,
    count(*) FILTER (f.is_passing) AS passed, count(*) FILTER (f.is_failing) AS failed
FROM found f
    LEFT JOIN ages a USING (observed_date, scan_key, source, account_id, scan_target, region, check_id, resource_uid)
GROUP BY ALL;
