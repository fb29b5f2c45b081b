-- What failing findings tell of each check in each account up to $as_of: the newest texts of each set of relations. Grain:
-- source, provider, account, check and mapping; columns of KNOWN_SCHEMA.
WITH found AS (
    SELECT source, provider, account_id, check_id, mapping_id, max(observed_at) AS observed_at,
        arg_max(text_id, (observed_at, import_id, finding_no)) AS text_id,
        arg_max(service, (observed_at, import_id, finding_no)) AS service
    FROM finding_state
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND status = 'FAIL'
    GROUP BY ALL
)
SELECT f.source, f.provider, f.account_id, f.check_id, f.mapping_id, f.observed_at, f.service,
    coalesce(x.title, '') AS title, coalesce(x.description, '') AS description, coalesce(x.risk, '') AS risk,
    coalesce(x.remediation, '') AS remediation, coalesce(x.remediation_url, '') AS remediation_url
FROM found f
    LEFT JOIN lake.core.check_texts x ON x.text_id = f.text_id AND x.organization = $organization
ORDER BY ALL
