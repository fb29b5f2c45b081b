-- Grain: tally key and the set of reaches that waivers give its failing, unmuted findings; columns of WAIVED_SCHEMA.
-- Each finding stands in exactly one row, so the counts are disjoint.
WITH reached AS (
    SELECT t.import_id, t.finding_no, any_value(t.provider) AS provider, any_value(t.check_id) AS check_id,
        any_value(t.mapping_id) AS mapping_id, any_value(t.severity) AS severity,
        list_sort(list(DISTINCT {'framework': w.framework, 'requirement_id': w.requirement_id})) AS reaches
    FROM lake.core.finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.check_id, c.scan_key)
        JOIN waivers w
        ON (w.check_id IS NULL OR w.check_id = t.check_id)
        AND (w.account_id IS NULL OR w.account_id = t.account_id)
        AND (w.resource_glob IS NULL OR t.resource_uid GLOB w.resource_glob)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND t.status = 'FAIL' AND NOT t.is_muted
        AND (len($environments::VARCHAR[]) = 0 OR list_contains($environments::VARCHAR[], t.environment))
        AND (len($providers::VARCHAR[]) = 0 OR list_contains($providers::VARCHAR[], t.provider))
        AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], t.account_id))
    GROUP BY t.import_id, t.finding_no
)
SELECT provider, check_id, mapping_id, severity, reaches, count(*) AS waived
FROM reached
GROUP BY ALL
ORDER BY ALL
