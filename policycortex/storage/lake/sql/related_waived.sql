-- Grain: one check with failing, unmuted findings of the period-end posture that relations name and that waivers cover as a
-- whole (export_findings), and their number.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
reached AS (
    SELECT any_value(t.check_id) AS check_id, any_value(l.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        JOIN listed l ON l.provider = t.provider AND l.check_id = t.check_id AND l.mapping_id = t.mapping_id
        JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, t.check_id, t.account_id, t.resource_uid)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND t.status = 'FAIL' AND NOT t.is_muted
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
    GROUP BY t.import_id, t.finding_no
)
SELECT check_id, count(*) AS waived
FROM reached
WHERE is_waived_for(is_whole, reached, requirements)
GROUP BY check_id
