-- Grain: finding of one of two exported dates whose key is in "changed_keys", with is_before.
SELECT *, true AS is_before
FROM read_parquet($before) SEMI JOIN changed_keys USING (account_id, check_id, region, resource_uid)
UNION ALL BY NAME
SELECT *, false AS is_before
FROM read_parquet($after) SEMI JOIN changed_keys USING (account_id, check_id, region, resource_uid)
