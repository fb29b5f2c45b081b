-- Grain: one owner of resources with exported failing findings of one check, from the resource's tags; most
-- resources first; columns of OWNERS_SCHEMA. Of several tags the first in the order of $owner_tags counts.
WITH failing AS (
    SELECT DISTINCT provider, check_id, account_id, region, resource_uid
    FROM read_parquet($path)
    WHERE status = 'FAIL' AND NOT muted AND NOT waived
),
named AS (
    SELECT f.provider, f.check_id, f.account_id, f.region, f.resource_uid, f.observed_at, f.import_id, f.finding_no,
        owner_of(f.tags, $owner_tags) AS owner
    FROM lake.core.findings f SEMI JOIN failing USING (provider, check_id, account_id, region, resource_uid)
    WHERE f.organization = $organization AND f.observed_date BETWEEN $oldest_date AND $last_date AND f.tags <> '{}'
),
newest AS (
    SELECT provider, check_id, account_id, region, resource_uid,
        arg_max(owner, (observed_at, import_id, finding_no)) AS owner
    FROM named
    GROUP BY ALL
)
SELECT provider, check_id, owner, count(*) AS resources
FROM newest
WHERE owner IS NOT NULL
GROUP BY ALL
ORDER BY provider, check_id, resources DESC, owner
