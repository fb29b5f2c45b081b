-- Grain: one finding of the closing posture in scope; columns of FINDING_COLUMNS in their total order. With relations
-- (provider, check_id, mapping_id, requirement_id, ordinal) only findings they name, else all. A failing finding is
-- waived when waivers reach every requirement it is listed under.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(requirement_id ORDER BY ordinal, requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
found AS (
    SELECT t.*, coalesce(l.requirements, []) AS requirements
    FROM lake.core.finding_state t
        SEMI JOIN closing_scans($organization, $first_date, $last_date, $start_at, $end_at) c
        USING (observed_date, source, provider, account_id, check_id, scan_key)
        LEFT JOIN listed l ON l.provider = t.provider AND l.check_id = t.check_id AND l.mapping_id = t.mapping_id
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND (l.requirements IS NOT NULL OR NOT $is_related)
        AND (len($environments::VARCHAR[]) = 0 OR list_contains($environments::VARCHAR[], t.environment))
        AND (len($providers::VARCHAR[]) = 0 OR list_contains($providers::VARCHAR[], t.provider))
        AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], t.account_id))
),
reached AS (
    SELECT f.import_id, f.finding_no, any_value(f.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM found f JOIN waivers w
        ON (w.framework IS NULL OR w.framework = $framework_id)
        AND (w.check_id IS NULL OR w.check_id = f.check_id)
        AND (w.account_id IS NULL OR w.account_id = f.account_id)
        AND (w.resource_glob IS NULL OR f.resource_uid GLOB w.resource_glob)
    WHERE f.status = 'FAIL' AND NOT f.is_muted
    GROUP BY f.import_id, f.finding_no
),
waived AS (
    SELECT import_id, finding_no
    FROM reached
    WHERE is_whole OR (len(requirements) > 0 AND list_has_all(reached, requirements))
)
SELECT f.finding_uid, f.check_id, f.status, f.severity, f.is_muted AS muted, w.finding_no IS NOT NULL AS waived,
    x.title, f.provider, f.account_id, f.region, f.environment, f.service, f.resource_uid, f.resource_type,
    f.observed_at, f.requirements, x.remediation
FROM found f
    LEFT JOIN waived w ON w.import_id = f.import_id AND w.finding_no = f.finding_no
    JOIN lake.core.check_texts x ON x.text_id = f.text_id AND x.organization = $organization
ORDER BY list_position(['FAIL', 'MANUAL', 'PASS'], f.status),
    list_position(['critical', 'high', 'medium', 'low', 'informational'], f.severity),
    f.check_id, f.account_id, f.region, f.resource_uid, f.finding_uid, f.import_id, f.finding_no
