-- Grain: one value of one dimension among exported findings; columns of DIMENSION_SCHEMA.
WITH found AS (
    SELECT unnest([
            {'dimension': 'account', 'label': account_id}, {'dimension': 'service', 'label': service},
            {'dimension': 'environment', 'label': environment}, {'dimension': 'provider', 'label': provider},
            {'dimension': 'region', 'label': region}
        ], recursive := true),
        passed, failed, critical, high
    FROM (
        SELECT account_id, service, environment, provider, region,
            count(*) FILTER (status = 'PASS' AND NOT muted) AS passed,
            count(*) FILTER (status = 'FAIL' AND NOT muted AND NOT waived) AS failed,
            count(*) FILTER (status = 'FAIL' AND NOT muted AND NOT waived AND severity = 'critical') AS critical,
            count(*) FILTER (status = 'FAIL' AND NOT muted AND NOT waived AND severity = 'high') AS high
        FROM read_parquet($path)
        GROUP BY ALL
    )
)
SELECT dimension, label, sum(passed)::BIGINT AS passed, sum(failed)::BIGINT AS failed,
    sum(critical)::BIGINT AS critical, sum(high)::BIGINT AS high
FROM found
GROUP BY dimension, label
HAVING sum(passed) + sum(failed) > 0
ORDER BY list_position(['account', 'service', 'environment', 'provider', 'region'], dimension), label
