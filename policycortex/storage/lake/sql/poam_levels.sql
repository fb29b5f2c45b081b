-- Scans of "weak_keys" that began on the days from $first_date to $last_date, with the level that each found, by the rule of
-- looked_by; columns of LOOKED_SCHEMA. Days from $read_from to $read_to are read, because a scan can take several days.
-- Scans that repeat what the one before found are left out. Grain: one check and scan target of one scan.
WITH coverage AS MATERIALIZED (
    FROM seen_scans($organization, $read_from, $read_to, $start_at, $end_at)
),
begun AS (
    SELECT source, account_id, scan_key
    FROM coverage
    GROUP BY ALL
    HAVING min(observed_date) BETWEEN $first_date AND $last_date
),
seen AS MATERIALIZED (
    FROM coverage SEMI JOIN begun USING (source, account_id, scan_key)
),
looked AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key, any_value(rank_) AS rank_,
        bool_and(listing = 'part') AS is_part
    FROM looked_by('seen', 'weak_keys') SEMI JOIN weak_keys USING (source, provider, account_id, scan_target, check_id)
    GROUP BY ALL
),
failing AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key,
        min(list_position(['critical', 'high', 'medium', 'low', 'informational'], severity)) FILTER (NOT is_muted) AS worst
    FROM finding_state
    WHERE organization = $organization AND observed_date BETWEEN $read_from AND $read_to AND status = 'FAIL'
    GROUP BY ALL
),
found AS (
    SELECT l.* EXCLUDE (rank_), l.rank_.seen_at, l.rank_.scan_at,
        (CASE WHEN f.scan_key IS NULL THEN 0 ELSE coalesce(f.worst, 9) END)::BIGINT AS level
    FROM looked l
        LEFT JOIN failing f USING (source, provider, account_id, scan_target, check_id, scan_key)
)
SELECT source, provider, account_id, check_id, scan_target, seen_at, scan_at, scan_key, is_part, level
FROM found
QUALIFY (level, is_part) IS DISTINCT FROM lag((level, is_part)) OVER (
    PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY seen_at, scan_at, scan_key
)
