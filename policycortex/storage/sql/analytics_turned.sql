-- Grain: finding of one of two spooled dates whose (check, account, region, resource) does not say just the same, as
-- often, on both; with is_before.
-- Keys of tally keys in "asked" are always kept: there the frameworks of both dates differ.
WITH old AS (FROM read_parquet($before)),
new AS (FROM read_parquet($after)),
turned AS (
    SELECT DISTINCT account_id, check_id, region, resource_uid
    FROM (
        (FROM old EXCEPT ALL FROM new)
        UNION ALL
        (FROM new EXCEPT ALL FROM old)
        UNION ALL
        (SELECT o.* FROM old o SEMI JOIN asked USING (provider, check_id, mapping_id))
    )
)
SELECT *, true AS is_before FROM old SEMI JOIN turned USING (account_id, check_id, region, resource_uid)
UNION ALL BY NAME
SELECT *, false AS is_before FROM new SEMI JOIN turned USING (account_id, check_id, region, resource_uid)
