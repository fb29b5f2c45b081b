-- Grain: one value of a filter among the organisation's findings of the period's UTC days, with their number.
WITH tallied AS (
    SELECT environment, provider, account_id, service, sum(passed + failed + manual + muted)::BIGINT AS findings
    FROM check_tallies
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
),
found AS (
    SELECT 'environments' AS field, environment AS label, findings FROM tallied
    UNION ALL
    SELECT 'cloud_providers', provider, findings FROM tallied
    UNION ALL
    SELECT 'accounts', account_id, findings FROM tallied
    UNION ALL
    SELECT 'services', lower(service), findings FROM tallied
    UNION ALL
    SELECT 'regions', lower(region), findings
    FROM scan_coverage
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND check_id <> ''
)
SELECT field, label, sum(findings)::BIGINT AS findings
FROM found
WHERE label <> ''
GROUP BY ALL
ORDER BY field, findings DESC, label
