-- Grain: one waiver and the failing, unmuted findings of the period-end posture that relations name and that it covers; a
-- finding that several cover counts for each. A waiver for one requirement covers the findings listed under it.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
failing AS (
    SELECT t.check_id, t.account_id, t.resource_uid, l.requirements
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        JOIN listed l ON l.provider = t.provider AND l.check_id = t.check_id AND l.mapping_id = t.mapping_id
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND t.status = 'FAIL' AND NOT t.is_muted
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
)
SELECT w.waiver_id, count(f.check_id) AS findings
FROM waivers w
    LEFT JOIN failing f
    ON waiver_holds_for(w.framework, $framework_id)
    AND (w.requirement_id IS NULL OR list_contains(f.requirements, w.requirement_id))
    AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
GROUP BY w.waiver_id
ORDER BY w.waiver_id
