-- One number that changes whenever a row of the day's failing_since does; null without rows.
SELECT bit_xor(hash(organization, scan_key, source, account_id, scan_target, region, check_id, resource_uid, failing_since, findings))
    AS digest, count(*) AS keys
FROM lake.core.failing_since
WHERE observed_date = $day
