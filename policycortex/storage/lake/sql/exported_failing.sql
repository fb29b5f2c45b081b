-- Grain: provider, check and severity with a exported failing finding that is neither muted nor waived; with the first
-- of its resources by name.
WITH failing AS (
    SELECT provider, check_id, severity, account_id, region, resource_uid, min(service) AS service, count(*) AS findings
    FROM read_parquet($path)
    WHERE status = 'FAIL' AND NOT muted AND NOT waived
    GROUP BY ALL
)
SELECT provider, check_id, severity, min(service) AS service, sum(findings)::BIGINT AS failed,
    count(DISTINCT account_id) AS accounts, count(*) AS resources,
    list_distinct(min(resource_uid, $examples)).list_sort() AS affected
FROM failing
GROUP BY provider, check_id, severity
ORDER BY provider, check_id, severity
