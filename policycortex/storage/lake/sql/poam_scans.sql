-- Grain: one scan of an account that a number names, with its place in the order of all scans today; columns of SCAN_SCHEMA.
SELECT c.source, c.account_id, max(coalesce(c.seen_at, c.scan_at)) AS seen_at, max(c.scan_at) AS scan_at, c.scan_key
FROM scan_coverage c
    SEMI JOIN (SELECT source, account_id, scan_key FROM poam_items WHERE organization = $organization) p
    USING (source, account_id, scan_key)
WHERE c.organization = $organization AND c.observed_date BETWEEN $first_date AND $last_date
GROUP BY ALL
ORDER BY ALL
