-- Grain: one finding of the organisation's period-end posture; columns of STATE_SCHEMA. is_in_scope: whether the
-- scope's filters keep it; is_waived as in export_findings, for $framework_id and the relations. scan_target is NULL at a
-- snapshot before version 6.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(DISTINCT requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
chosen AS (
    SELECT DISTINCT observed_date, source, provider, account_id, scan_target, check_id, scan_key
    FROM period_end_scans
),
found AS (
    SELECT t.source, t.provider, t.account_id, t.scan_target, t.region, t.environment, t.check_id, t.resource_uid, t.mapping_id,
        t.severity, t.status, t.is_muted, t.import_id, t.finding_no, t.is_kept
    FROM all_states t
        SEMI JOIN chosen c ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
),
reached AS (
    SELECT f.import_id, f.finding_no, any_value(l.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM found f JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
        LEFT JOIN listed l ON l.provider = f.provider AND l.check_id = f.check_id AND l.mapping_id = f.mapping_id
    WHERE f.status = 'FAIL' AND NOT f.is_muted
    GROUP BY f.import_id, f.finding_no
),
waived AS (
    SELECT import_id, finding_no, true AS is_waived
    FROM reached
    WHERE is_waived_for(is_whole, reached, requirements)
)
SELECT f.source, f.provider, f.account_id, f.region, f.check_id, f.resource_uid, f.mapping_id, f.severity, f.status,
    f.is_muted, coalesce(w.is_waived, false) AS is_waived,
    f.is_kept AND in_scope(f.environment, f.provider, f.account_id, $environments, $providers, $accounts) AS is_in_scope,
    f.environment,
    CASE WHEN has_scan_targets() THEN f.scan_target END AS scan_target
FROM found f LEFT JOIN waived w ON w.import_id = f.import_id AND w.finding_no = f.finding_no
