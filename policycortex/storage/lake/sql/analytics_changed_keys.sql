-- Grain: (check, account, region, resource) whose findings differ between two exported dates, in content or number, not only in
-- the scan target; a temporary table of the connection, read by analytics_changed_findings, analytics_same and analytics_same_keys.
-- Tally keys in "one_sided" are always in it: only one of the dates' frameworks relates them.
CREATE TEMP TABLE changed_keys AS
WITH both_dates AS (
    SELECT *, 1 AS side FROM read_parquet($before)
    UNION ALL BY NAME
    SELECT *, -1 AS side FROM read_parquet($after)
),
uneven AS (
    SELECT * EXCLUDE (side, scan_target) FROM both_dates GROUP BY ALL HAVING sum(side) <> 0
)
SELECT account_id, check_id, region, resource_uid FROM uneven
UNION
SELECT account_id, check_id, region, resource_uid
FROM read_parquet($before) SEMI JOIN one_sided USING (provider, check_id, mapping_id)
