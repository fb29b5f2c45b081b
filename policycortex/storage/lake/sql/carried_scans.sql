-- Which scan of each check and scan target counts from which day to which, by the rule of looked_scans: from the day of its
-- newest finding, so that a scan across midnight is one day, to the day before another replaces it, and at most
-- $carry_days days. Days are those of "posture_days" (day, start_us: its first microsecond). Checks and targets that no scan
-- from day $since on looked at are left out; null: none are. A temporary table of the connection. Grain: one UTC day of one scan that counts for a check and a scan target on at least one day.
-- Checks of a target and scans are numbered: windows over whole numbers take half the time of those over five texts.
CREATE TEMP TABLE carried_scans AS
WITH looked AS MATERIALIZED (
    FROM looked_scans($organization, $first_date, $last_date, $start_at, $end_at) WHERE check_id <> ''
),
keys AS MATERIALIZED (
    SELECT *, row_number() OVER () AS key_no
    FROM (SELECT DISTINCT source, provider, account_id, scan_target, check_id FROM looked)
),
scans AS MATERIALIZED (
    SELECT s.*, d.day, row_number() OVER (ORDER BY s.rank_) AS scan_no
    FROM (SELECT source, account_id, scan_key, any_value(rank_) AS rank_ FROM looked GROUP BY ALL) s
        ASOF JOIN posture_days d ON epoch_us(s.rank_.seen_at) >= d.start_us
),
numbered AS MATERIALIZED (
    SELECT k.key_no, s.scan_no, l.observed_date, bool_and(l.listing = 'part') AS is_part, max(l.scan_at) AS scan_at
    FROM looked l
        JOIN keys k USING (source, provider, account_id, scan_target, check_id)
        JOIN scans s USING (source, account_id, scan_key)
    GROUP BY ALL
),
followed AS (
    SELECT key_no, scan_no, day, is_part,
        min(day) FILTER (NOT is_part) OVER (
            PARTITION BY key_no ORDER BY scan_no ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_complete,
        lead(day) OVER (PARTITION BY key_no ORDER BY scan_no) AS next_any,
        max(day) OVER (PARTITION BY key_no) AS newest_day
    FROM (SELECT key_no, scan_no, bool_and(is_part) AS is_part FROM numbered GROUP BY ALL)
        JOIN (SELECT scan_no, day FROM scans) USING (scan_no)
),
spans AS (
    SELECT key_no, scan_no,
        least(
            day + $carry_days::INTEGER - 1,
            coalesce(CASE WHEN is_part THEN next_any ELSE next_complete END - 1, 'infinity'::DATE)
        ) AS until_day
    FROM followed
    WHERE $since::DATE IS NULL OR newest_day >= $since::DATE
)
SELECT k.source, k.provider, k.account_id, k.scan_target, k.check_id, s.scan_key, n.observed_date, s.day, p.until_day,
    s.rank_.seen_at AS seen_at, n.scan_at
FROM numbered n
    JOIN spans p USING (key_no, scan_no)
    JOIN scans s USING (scan_no)
    JOIN keys k USING (key_no)
WHERE n.observed_date IS NOT NULL AND p.until_day >= s.day
