-- How many (check, account, region, resource) that analytics_turned left out fail in scope, alike on both dates. Only
-- findings of tally keys in "related" count, all where not $is_related.
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
),
failing AS (
    SELECT * FROM old ANTI JOIN turned USING (account_id, check_id, region, resource_uid)
    WHERE is_in_scope AND NOT is_muted AND status = 'FAIL' AND NOT is_waived
)
SELECT count(DISTINCT (check_id, account_id, region, resource_uid)) AS keys
FROM failing LEFT JOIN (SELECT DISTINCT provider, check_id, mapping_id, true AS is_listed FROM related) l
    USING (provider, check_id, mapping_id)
WHERE l.is_listed OR NOT $is_related
