-- Grain: one check of the file of which at least 80 % of the resources that failed on $previous_date are not listed any more,
-- while at least 80 % of those that passed are. Fewer than five failing resources show nothing.
WITH listed AS (
    SELECT DISTINCT source, account_id, scan_target, check_id, region, resource_uid, true AS is_listed
    FROM read_parquet($path)
    WHERE listing IN ('results', 'state')
),
earlier AS (
    SELECT DISTINCT source, account_id, scan_target, check_id, region, resource_uid, status = 'FAIL' AS is_failing
    FROM lake.core.finding_state
        SEMI JOIN listed USING (source, account_id, scan_target, check_id)
    WHERE organization = $organization AND observed_date = $previous_date AND status IN ('PASS', 'FAIL') AND NOT is_muted
)
SELECT check_id
FROM earlier LEFT JOIN listed USING (source, account_id, scan_target, check_id, region, resource_uid)
GROUP BY check_id
HAVING count(*) FILTER (is_failing) >= 5 AND count(*) FILTER (NOT is_failing) > 0
    AND 5 * count(*) FILTER (is_failing AND is_listed IS NULL) >= 4 * count(*) FILTER (is_failing)
    AND 5 * count(*) FILTER (NOT is_failing AND is_listed) >= 4 * count(*) FILTER (NOT is_failing)
ORDER BY check_id
