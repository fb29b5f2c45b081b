-- Grain: one scan of one account within the period, newest first; columns of SCANS_SCHEMA. Findings in the scope count. A
-- scan of one file has that file's name, others have their key. No rows at a snapshot before scan targets were known.
WITH choices AS (
    FROM scan_choices($organization, $first_date, $last_date, $start_at, $end_at)
),
tallied AS (
    SELECT observed_date, source, provider, account_id, scan_target, check_id, scan_key,
        sum(passed + failed + manual + muted)::BIGINT AS counted
    FROM check_tallies
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
        AND in_scope(environment, provider, account_id, $environments, $providers, $accounts)
    GROUP BY ALL
),
names AS (
    SELECT left(content_sha256, 16) AS digits, min(file_name) AS file_name
    FROM lake.raw.imports
    WHERE organization = $organization
    GROUP BY ALL
),
named AS (
    SELECT DISTINCT c.scan_key, coalesce(n.file_name, c.scan_key) AS scan
    FROM choices c LEFT JOIN names n
        ON NOT is_one_scan(c.scan_key) AND n.digits = regexp_extract(c.scan_key, '^-[^/]+/([0-9a-f]{16})', 1)
)
SELECT c.source, c.provider, c.account_id, any_value(m.scan) AS scan,
    list_sort(list_distinct(list(c.scan_target) FILTER (c.scan_target <> ''))) AS targets, max(c.scan_at) AS scanned_at,
    count(DISTINCT c.check_id) FILTER (c.check_id <> '') AS checks,
    coalesce(sum(t.counted) FILTER (c.is_selected), 0)::BIGINT AS findings,
    coalesce(sum(t.counted) FILTER (NOT c.is_selected), 0)::BIGINT AS findings_left_out,
    list_sort(list_distinct(list(r.scan) FILTER (NOT c.is_selected AND t.counted > 0 AND r.scan IS NOT NULL)))
        AS replaced_by
FROM choices c
    JOIN named m USING (scan_key)
    LEFT JOIN tallied t USING (observed_date, source, provider, account_id, scan_target, check_id, scan_key)
    LEFT JOIN named r ON r.scan_key = c.replaced_by
WHERE has_scan_targets() AND (t.counted > 0 OR (c.findings = 0
    AND in_scope('', c.provider, c.account_id, [], [], $accounts)))
GROUP BY c.source, c.provider, c.account_id, c.scan_key
ORDER BY scanned_at DESC, c.source, c.account_id, scan
