-- Grain: finding of one of two spooled dates whose key is in "turned", with is_before.
SELECT *, true AS is_before
FROM read_parquet($before) SEMI JOIN turned USING (account_id, check_id, region, resource_uid)
UNION ALL BY NAME
SELECT *, false AS is_before
FROM read_parquet($after) SEMI JOIN turned USING (account_id, check_id, region, resource_uid)
