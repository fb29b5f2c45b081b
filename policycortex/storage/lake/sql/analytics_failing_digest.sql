-- One number that changes whenever a row of the day's failing_since does; null without rows.
SELECT bit_xor(hash(organization, scan_key, source, account_id, scan_target, region, check_id, resource_uid, failing_since, findings,
    is_muted, mapping_id))
    AS digest, count(*) FILTER (NOT coalesce(is_muted, false)) AS keys
FROM lake.core.failing_since
WHERE observed_date = $day
