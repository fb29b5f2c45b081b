-- Failing keys that the scope keeps and that ended on a day from scope_ended_from on, by the rule of
-- analytics_remediations_insert: that a key ended is seen in the next scan that looked at its check, target and region.
CREATE TEMP VIEW remediations AS
WITH looked AS (
    SELECT source, account_id, scan_target, region, check_id, observed_date, bool_or(is_all_checks) AS is_all_checks
    FROM looked_days(getvariable('scope_first'), getvariable('scope_last'))
    WHERE organization = getvariable('scope_organization')
    GROUP BY ALL
),
steps AS (
    SELECT *, lag(observed_date) OVER (
        PARTITION BY source, account_id, scan_target, region, check_id ORDER BY observed_date) AS before_date
    FROM looked
),
scanned AS (
    FROM steps WHERE before_date IS NOT NULL AND observed_date >= getvariable('scope_ended_from')
),
failing AS (
    SELECT f.* FROM failing_since f
    WHERE f.organization = getvariable('scope_organization')
        AND f.observed_date BETWEEN getvariable('scope_first') AND getvariable('scope_last')
),
known AS (
    SELECT s.observed_date, f.source, f.provider, f.account_id, f.scan_target, f.region, f.check_id, f.resource_uid,
        any_value(s.is_all_checks) AS is_all_checks, min(f.environment) AS environment, min(f.severity) AS severity,
        min(f.mapping_id) AS mapping_id, min(f.failing_since) AS opened_date, max(f.findings) AS findings
    FROM failing f
        JOIN scanned s
        ON (s.before_date, s.source, s.account_id, s.scan_target, s.region, s.check_id)
        = (f.observed_date, f.source, f.account_id, f.scan_target, f.region, f.check_id)
        SEMI JOIN finding_state k
        ON (k.observed_date, k.scan_key, k.source, k.account_id, k.scan_target, k.region, k.check_id, k.resource_uid)
        = (f.observed_date, f.scan_key, f.source, f.account_id, f.scan_target, f.region, f.check_id, f.resource_uid)
    WHERE NOT coalesce(f.is_muted, false)
    GROUP BY ALL
),
ended AS (
    FROM known ANTI JOIN (FROM failing WHERE NOT is_muted)
    USING (observed_date, source, account_id, scan_target, region, check_id, resource_uid)
),
passing AS (
    SELECT DISTINCT observed_date, source, account_id, scan_target, region, check_id, resource_uid, true AS is_passing
    FROM memory.main.finding_state
    WHERE organization = getvariable('scope_organization')
        AND observed_date BETWEEN getvariable('scope_ended_from') AND getvariable('scope_last')
        AND concat(status, is_muted) = 'PASSfalse'
),
muted AS (
    SELECT DISTINCT observed_date, source, account_id, scan_target, region, check_id, resource_uid, true AS is_muted
    FROM failing
    WHERE is_muted
)
SELECT getvariable('scope_organization') AS organization, e.observed_date, e.provider, e.account_id, e.environment,
    e.check_id, e.mapping_id, e.severity, e.opened_date,
    coalesce(p.is_passing, false) OR (e.is_all_checks AND m.is_muted IS NULL) AS is_remediated,
    sum(e.findings)::BIGINT AS findings
FROM ended e
    LEFT JOIN passing p USING (observed_date, source, account_id, scan_target, region, check_id, resource_uid)
    LEFT JOIN muted m USING (observed_date, source, account_id, scan_target, region, check_id, resource_uid)
GROUP BY ALL;
