-- Grain: one check with findings of the period-end posture that relations name, all providers together: columns of
-- CHECK_COUNTS_SCHEMA but waived, which are still among failed. Titles and counts as exported_checks has them, from tallies.
WITH listed AS (
    SELECT DISTINCT provider, check_id, mapping_id FROM relations
),
tallied AS (
    SELECT t.*
    FROM check_tallies t
        SEMI JOIN listed l ON l.provider = t.provider AND l.check_id = t.check_id AND l.mapping_id = t.mapping_id
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
),
titles AS (
    SELECT t.check_id, min(t.title) AS title
    FROM risk_tallies t
        SEMI JOIN tallied k
        ON t.observed_date = k.observed_date AND
            (t.source, t.provider, t.account_id, t.environment, t.scan_target, t.check_id, t.mapping_id, t.scan_key)
            = (k.source, k.provider, k.account_id, k.environment, k.scan_target, k.check_id, k.mapping_id, k.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    GROUP BY t.check_id
),
scanners AS (
    SELECT v.check_id, list_sort(list(DISTINCT trim(v.source || ' ' || v.source_version))) AS scanners
    FROM scanner_versions v
        SEMI JOIN tallied k
        ON v.observed_date = k.observed_date AND
            (v.source, v.provider, v.account_id, v.check_id, v.mapping_id, v.scan_key)
            = (k.source, k.provider, k.account_id, k.check_id, k.mapping_id, k.scan_key)
    GROUP BY v.check_id
)
SELECT t.check_id, any_value(n.title) AS title,
    arg_min(t.severity, list_position(['critical', 'high', 'medium', 'low', 'informational'], t.severity)) AS severity,
    min(t.service) AS service, sum(t.passed)::BIGINT AS passed, sum(t.failed)::BIGINT AS failed,
    sum(t.manual)::BIGINT AS manual, sum(t.muted)::BIGINT AS muted, any_value(s.scanners) AS scanners
FROM tallied t
    LEFT JOIN titles n ON n.check_id = t.check_id
    LEFT JOIN scanners s ON s.check_id = t.check_id
GROUP BY t.check_id
ORDER BY t.check_id
