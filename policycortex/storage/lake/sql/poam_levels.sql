-- Scans of "weak_keys" that began on the days from $first_date to $last_date, with the level that each found, by the rule of
-- looked_scans; columns of LOOKED_SCHEMA. Days from $read_from to $read_to are read, because a scan can take several days.
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
scans AS (
    SELECT source, account_id, scan_key, max(seen_at) AS seen_at, max(scan_at) AS scan_at,
        count(DISTINCT scan_target) > 1 OR bool_or(listing = 'part') AS is_in_parts
    FROM seen
    GROUP BY ALL
),
looked AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key, listing
    FROM seen SEMI JOIN weak_keys USING (source, provider, account_id, scan_target, check_id)
    UNION ALL BY NAME
    SELECT k.*, s.scan_key, s.listing
    FROM weak_keys k JOIN (
        SELECT DISTINCT source, account_id, scan_target, scan_key, listing, check_id AS named
        FROM seen
        WHERE listing = 'failures' OR findings = 0
    ) s USING (source, account_id, scan_target)
    WHERE s.listing = 'failures' OR s.named = k.check_id
    UNION ALL BY NAME
    SELECT k.*, w.scan_key, 'results' AS listing
    FROM weak_keys k
        JOIN (
            SELECT DISTINCT source, provider, account_id, scan_target, scan_key FROM seen WHERE is_whole_target
        ) w USING (source, provider, account_id, scan_target)
        SEMI JOIN (FROM scans WHERE is_in_parts) m USING (source, account_id, scan_key)
        SEMI JOIN seen c USING (source, provider, account_id, check_id, scan_key)
),
looked_once AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key, bool_and(listing = 'part') AS is_part
    FROM looked
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
    SELECT l.*, s.seen_at, s.scan_at, (CASE WHEN f.scan_key IS NULL THEN 0 ELSE coalesce(f.worst, 9) END)::BIGINT AS level
    FROM looked_once l
        JOIN scans s USING (source, account_id, scan_key)
        LEFT JOIN failing f USING (source, provider, account_id, scan_target, check_id, scan_key)
)
SELECT source, provider, account_id, check_id, scan_target, seen_at, scan_at, scan_key, is_part, level
FROM found
QUALIFY (level, is_part) IS DISTINCT FROM lag((level, is_part)) OVER (
    PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY seen_at, scan_at, scan_key
)
