-- As analytics_risk_items, without the findings that waivers cover.
-- Grain: findings of the period-end posture in scope that pass or fail, equal in RISK_ITEM_SCHEMA;
-- failing ones have titles.
-- With relations only findings that they name. A failing finding is left out when waivers cover every requirement that
-- it is listed under (without relations: when a waiver names neither framework nor requirement). A finding without a
-- built age counts from its day. Status and muting are compared as one text: a filter on a column makes DuckLake read
-- that column's statistics of all files of all days, which costs more than the rows it could skip.
-- A snapshot before version 5 lacks is_exposed: it is then NULL.
WITH states AS (
    FROM finding_state
    UNION ALL BY NAME
    SELECT NULL::BOOLEAN AS is_exposed WHERE false
),
listed AS (
    SELECT provider, check_id, mapping_id, list(DISTINCT requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
chosen AS (
    SELECT DISTINCT observed_date, source, provider, account_id, scan_target, check_id, scan_key
    FROM period_end_scans
),
passing AS (
    SELECT t.provider, t.account_id, t.environment, t.service, t.check_id, t.mapping_id, t.severity,
        NULL::DATE AS failing_since, NULL::BOOLEAN AS is_exposed, NULL::VARCHAR AS resource_uid,
        sum(t.passed)::BIGINT AS passed, 0::BIGINT AS failed
    FROM check_tallies t
        SEMI JOIN chosen c ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
),
failing AS (
    SELECT t.import_id, t.finding_no, t.provider, t.account_id, t.environment, t.service, t.check_id, t.mapping_id,
        t.severity, t.text_id, t.resource_uid, t.is_exposed, coalesce(f.failing_since, t.observed_date) AS failing_since
    FROM states t
        SEMI JOIN chosen c ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        LEFT JOIN (
            FROM failing_since
            WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
        ) f USING (observed_date, scan_key, source, account_id, scan_target, region, check_id, resource_uid)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND concat(t.status, t.is_muted) = 'FAILfalse'
),
reached AS (
    SELECT f.import_id, f.finding_no, any_value(l.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM failing f JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
        LEFT JOIN listed l ON l.provider = f.provider AND l.check_id = f.check_id AND l.mapping_id = f.mapping_id
    GROUP BY f.import_id, f.finding_no
),
waived AS (
    SELECT import_id, finding_no
    FROM reached
    WHERE is_waived_for(is_whole, reached, requirements)
),
items AS (
    SELECT *, NULL AS text_id FROM passing WHERE passed > 0
    UNION ALL BY NAME
    SELECT provider, account_id, environment, service, check_id, mapping_id, severity, failing_since,
        is_exposed, min(resource_uid) AS resource_uid, min(text_id) AS text_id, 0::BIGINT AS passed, count(*) AS failed
    FROM failing ANTI JOIN waived USING (import_id, finding_no)
    GROUP BY ALL
)
SELECT i.provider, i.account_id, i.environment, i.service, i.check_id, i.mapping_id, x.title, i.severity,
    i.failing_since, i.is_exposed, i.resource_uid, i.passed, i.failed
FROM items i
    LEFT JOIN (SELECT provider, check_id, mapping_id, true AS is_listed FROM listed) l
    ON l.provider = i.provider AND l.check_id = i.check_id AND l.mapping_id = i.mapping_id
    LEFT JOIN (SELECT text_id, any_value(title) AS title FROM lake.core.check_texts
        WHERE organization = $organization GROUP BY text_id) x ON x.text_id = i.text_id
WHERE (l.is_listed OR NOT $is_related)
    AND in_scope(i.environment, i.provider, i.account_id, $environments, $providers, $accounts)
ORDER BY ALL
