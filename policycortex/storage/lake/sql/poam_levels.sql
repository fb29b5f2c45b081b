-- Which scans changed whether a check fails in a scan target, over the whole history; columns of LEVEL_SCHEMA, by the rule of
-- looked_scans. Only checks that failed at least once. After a scan that is a part of one, what the last complete one found
-- still counts. Grain: one scan after which the level of a check in a scan target differs from before it.
WITH failing AS MATERIALIZED (
    SELECT source, provider, account_id, scan_target, check_id, scan_key,
        min(list_position(['critical', 'high', 'medium', 'low', 'informational'], severity)) FILTER (NOT is_muted) AS worst
    FROM finding_state
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND status = 'FAIL'
    GROUP BY ALL
),
weak AS (
    SELECT DISTINCT source, provider, account_id, check_id FROM failing WHERE worst IS NOT NULL
),
looked AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key, any_value(rank_) AS rank_,
        bool_and(listing = 'part') AS is_part
    FROM looked_scans($organization, $first_date, $last_date, $start_at, $end_at) SEMI JOIN weak USING (source, provider, account_id, check_id)
    GROUP BY ALL
),
found AS (
    SELECT l.*, CASE WHEN f.scan_key IS NULL THEN 0 ELSE coalesce(f.worst, 9) END AS level
    FROM looked l LEFT JOIN failing f USING (source, provider, account_id, scan_target, check_id, scan_key)
),
known AS (
    SELECT *, coalesce(last_value(CASE WHEN NOT is_part THEN level END IGNORE NULLS) OVER earlier, 0) AS complete
    FROM found
    WINDOW earlier AS (
        PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY rank_
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
levels AS (
    SELECT * EXCLUDE (level), CASE
        WHEN level = 0 OR complete = 0 THEN greatest(level, complete)
        ELSE least(level, complete) END AS level
    FROM known
)
SELECT source, provider, account_id, check_id, scan_target, rank_.seen_at AS seen_at, rank_.scan_at AS scan_at, scan_key,
    level::BIGINT AS level
FROM levels
QUALIFY level IS DISTINCT FROM lag(level, 1, 0) OVER (
    PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY rank_
)
ORDER BY ALL
