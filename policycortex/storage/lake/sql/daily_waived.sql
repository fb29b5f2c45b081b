-- Grain: day, tally key and the set of what waivers of that day cover of its failing, unmuted findings; columns of
-- WAIVED_SCHEMA after observed_date. Over the posture as last known on each day; each finding is in exactly one row.
WITH reached AS (
    SELECT w.observed_date, t.import_id, t.finding_no, any_value(t.provider) AS provider,
        any_value(t.check_id) AS check_id, any_value(t.mapping_id) AS mapping_id, any_value(t.severity) AS severity,
        list_sort(list(DISTINCT {'framework': w.framework, 'requirement_id': w.requirement_id})) AS reaches
    FROM finding_state t
        JOIN carried_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        JOIN waivers w
        ON w.observed_date BETWEEN c.day AND c.until_day
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, t.check_id, t.account_id, t.resource_uid)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND t.status = 'FAIL' AND NOT t.is_muted
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
    GROUP BY w.observed_date, t.import_id, t.finding_no
)
SELECT observed_date, provider, check_id, mapping_id, severity, reaches, count(*) AS waived
FROM reached
GROUP BY ALL
ORDER BY ALL
