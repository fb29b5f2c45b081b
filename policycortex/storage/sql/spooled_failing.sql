-- Grain: provider, check and severity with a spooled failing finding that is neither muted nor waived.
SELECT provider, check_id, severity, min(service) AS service, count(*) AS failed,
    count(DISTINCT account_id) AS accounts, count(DISTINCT (account_id, region, resource_uid)) AS resources
FROM read_parquet($path)
WHERE status = 'FAIL' AND NOT muted AND NOT waived
GROUP BY provider, check_id, severity
ORDER BY provider, check_id, severity
