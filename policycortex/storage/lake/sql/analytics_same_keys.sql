-- One number: failing (check, account, region, resource) in scope that are not in "changed_keys", so equal on both
-- dates. Only findings of tally keys in "related" count, or all without $is_related.
WITH failing AS (
    SELECT * FROM read_parquet($before) ANTI JOIN changed_keys USING (account_id, check_id, region, resource_uid)
    WHERE is_in_scope AND NOT is_muted AND status = 'FAIL' AND NOT is_waived
)
SELECT count(DISTINCT (check_id, account_id, region, resource_uid)) AS keys
FROM failing LEFT JOIN (SELECT DISTINCT provider, check_id, mapping_id, true AS is_listed FROM related) l
    USING (provider, check_id, mapping_id)
WHERE l.is_listed OR NOT $is_related
