-- Grain: findings of the period-end posture in scope that pass or fail, equal in RISK_ITEM_SCHEMA.
-- With relations only findings that they name.
-- A snapshot before version 5 lacks is_exposed and resource_uid: they are then NULL.
WITH tallies AS (
    FROM risk_tallies
    UNION ALL BY NAME
    SELECT NULL::BOOLEAN AS is_exposed, NULL::VARCHAR AS resource_uid WHERE false
),
listed AS (
    SELECT DISTINCT provider, check_id, mapping_id FROM relations
)
SELECT t.provider, t.account_id, t.environment, t.service, t.check_id, t.mapping_id, any_value(t.title) AS title,
    t.severity, t.failing_since, t.is_exposed, min(t.resource_uid) AS resource_uid,
    sum(t.passed)::BIGINT AS passed, sum(t.failed)::BIGINT AS failed
FROM tallies t
    SEMI JOIN period_end_scans c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    AND t.passed + t.failed > 0
    AND (NOT $is_related OR (t.provider, t.check_id, t.mapping_id) IN (FROM listed))
    AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
GROUP BY ALL
ORDER BY ALL
