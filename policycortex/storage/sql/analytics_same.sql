-- Grain: tally key; findings in scope that pass and fail in keys that analytics_turned left out: alike on both dates.
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
SELECT provider, check_id, mapping_id, count(*) FILTER (status = 'PASS') AS passed,
    count(*) FILTER (status = 'FAIL' AND NOT is_waived) AS failed
FROM old ANTI JOIN turned USING (account_id, check_id, region, resource_uid)
WHERE is_in_scope AND NOT is_muted
GROUP BY ALL
