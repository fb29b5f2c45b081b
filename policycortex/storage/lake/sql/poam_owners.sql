-- Grain: one owner of resources with exported failing findings of one check in one account, from the resources' tags; most
-- resources first; columns of ACCOUNT_OWNERS_SCHEMA. Of several tags the first in the order of $owner_tags counts.
WITH failing AS (
    SELECT DISTINCT source, provider, check_id, account_id, region, resource_uid
    FROM read_parquet($path)
    WHERE status = 'FAIL' AND NOT muted
),
newest AS (
    SELECT f.source, f.provider, f.check_id, f.account_id, f.region, f.resource_uid,
        arg_max(owner_of(f.tags, $owner_tags), (f.observed_at, f.import_id, f.finding_no)) AS owner
    FROM lake.core.findings f SEMI JOIN failing USING (source, provider, check_id, account_id, region, resource_uid)
    WHERE f.organization = $organization AND f.observed_date BETWEEN $oldest_date AND $last_date AND f.tags <> '{}'
    GROUP BY ALL
)
SELECT source, provider, account_id, check_id, owner, count(*) AS resources
FROM newest
WHERE owner IS NOT NULL
GROUP BY ALL
ORDER BY source, provider, account_id, check_id, resources DESC, owner
