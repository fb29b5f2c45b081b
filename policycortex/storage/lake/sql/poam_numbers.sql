-- Grain: one number that was given; columns of NUMBER_SCHEMA, smallest first.
SELECT number, source, provider, account_id, check_id, seen_at, scan_at, scan_key
FROM poam_items
WHERE organization = $organization
ORDER BY number
