-- Which scan of each check and scan target counts from which day to which, by the rule of looked_scans: from the day of its
-- newest finding, so that a scan across midnight is one day, to the day before another replaces it, and at most
-- $carry_days days. Days are those of "posture_days" (day, start_us: its first microsecond). Checks and targets that no scan
-- from day $since on looked at are left out; null: none are. A temporary table of the connection. Grain: one UTC day of one scan that counts for a check and a scan target on at least one day.
CREATE TEMP TABLE carried_scans AS
WITH looked AS (
    SELECT l.*, d.day
    FROM looked_scans($organization, $first_date, $last_date, $start_at, $end_at) l
        ASOF JOIN posture_days d ON epoch_us(l.rank_.seen_at) >= d.start_us
),
scans AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key, day, any_value(rank_) AS rank_,
        bool_and(listing = 'part') AS is_part
    FROM looked
    WHERE check_id <> ''
    GROUP BY ALL
),
followed AS (
    SELECT *,
        min(day) FILTER (NOT is_part) OVER (
            PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY rank_
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS next_complete,
        lead(day) OVER (PARTITION BY source, provider, account_id, scan_target, check_id ORDER BY rank_) AS next_any,
        max(day) OVER (PARTITION BY source, provider, account_id, scan_target, check_id) AS newest_day
    FROM scans
),
spans AS (
    SELECT source, provider, account_id, scan_target, check_id, scan_key,
        least(
            day + $carry_days::INTEGER - 1,
            coalesce(CASE WHEN is_part THEN next_any ELSE next_complete END - 1, 'infinity'::DATE)
        ) AS until_day
    FROM followed
    WHERE $since::DATE IS NULL OR newest_day >= $since::DATE
)
SELECT e.source, e.provider, e.account_id, e.scan_target, e.check_id, e.scan_key, e.observed_date, e.day, s.until_day,
    max(e.rank_.seen_at) AS seen_at, max(e.scan_at) AS scan_at
FROM looked e JOIN spans s USING (source, provider, account_id, scan_target, check_id, scan_key)
WHERE e.observed_date IS NOT NULL AND s.until_day >= e.day
GROUP BY ALL
