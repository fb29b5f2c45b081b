-- Grain: (check, account, region, resource) that two exported dates do not say just the same of, as often, on both; a
-- table of the connection's own, read by analytics_changed_findings, analytics_same and analytics_same_keys.
-- Keys of tally keys in "asked" are always there: for them the frameworks of both dates differ.
CREATE TEMP TABLE changed_keys AS
WITH told AS (
    SELECT *, 1 AS side FROM read_parquet($before)
    UNION ALL BY NAME
    SELECT *, -1 AS side FROM read_parquet($after)
),
uneven AS (
    SELECT * EXCLUDE (side) FROM told GROUP BY ALL HAVING sum(side) <> 0
)
SELECT account_id, check_id, region, resource_uid FROM uneven
UNION
SELECT account_id, check_id, region, resource_uid
FROM read_parquet($before) SEMI JOIN asked USING (provider, check_id, mapping_id)
