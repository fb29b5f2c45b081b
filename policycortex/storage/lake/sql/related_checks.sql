-- Grain: one check with findings of the period-end posture that relations name, all providers together: columns of
-- CHECK_COUNTS_SCHEMA, with text_ids in place of the title. Counted as export_findings and exported_checks count, without
-- writing and sorting the findings.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
found AS (
    SELECT t.import_id, t.finding_no, t.organization, t.observed_date, t.source, t.provider, t.account_id, t.check_id, t.mapping_id,
        t.status, t.severity, t.is_muted, t.service, t.text_id, t.resource_uid, l.requirements
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        JOIN listed l ON l.provider = t.provider AND l.check_id = t.check_id AND l.mapping_id = t.mapping_id
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
),
reached AS (
    SELECT f.import_id, f.finding_no, any_value(f.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM found f JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
    WHERE f.status = 'FAIL' AND NOT f.is_muted
    GROUP BY f.import_id, f.finding_no
),
waived AS (
    SELECT import_id, finding_no
    FROM reached
    WHERE is_waived_for(is_whole, reached, requirements)
)
SELECT f.check_id, list(DISTINCT f.text_id) AS text_ids,
    arg_min(f.severity, list_position(['critical', 'high', 'medium', 'low', 'informational'], f.severity)) AS severity,
    min(f.service) AS service,
    count(*) FILTER (f.status = 'PASS' AND NOT f.is_muted) AS passed,
    count(*) FILTER (f.status = 'FAIL' AND NOT f.is_muted AND w.finding_no IS NULL) AS failed,
    count(*) FILTER (f.status = 'MANUAL' AND NOT f.is_muted) AS manual,
    count(*) FILTER (f.is_muted) AS muted,
    count(*) FILTER (f.status = 'FAIL' AND NOT f.is_muted AND w.finding_no IS NOT NULL) AS waived,
    list_sort(list(DISTINCT trim(f.source || ' ' || d.source_version))) AS scanners
FROM found f
    LEFT JOIN waived w ON w.import_id = f.import_id AND w.finding_no = f.finding_no
    LEFT JOIN lake.core.findings d ON d.organization = f.organization AND d.observed_date = f.observed_date
        AND d.import_id = f.import_id AND d.finding_no = f.finding_no
GROUP BY f.check_id
ORDER BY f.check_id
