-- Grain: one account in scope with a finding since $first_date, and the time of its newest scan, also of days not built yet.
WITH scans AS (
    SELECT provider, account_id, max(coalesce(scan_at, observed_at)) AS scanned_at
    FROM lake.core.findings
    WHERE organization = $organization AND observed_date >= $first_date
    GROUP BY ALL
    UNION ALL
    SELECT '' AS provider, account_id, max(scanned_at) AS scanned_at
    FROM lake.raw.clean_scans
    WHERE organization = $organization
    GROUP BY ALL
),
accounts AS (
    SELECT DISTINCT provider, account_id
    FROM check_tallies
    WHERE organization = $organization AND observed_date >= $first_date
        AND in_scope(environment, provider, account_id, $environments, $providers, $accounts)
)
SELECT a.provider, a.account_id, max(s.scanned_at) AS scanned_at
FROM accounts a JOIN scans s ON s.account_id = a.account_id AND s.provider IN ('', a.provider)
GROUP BY ALL
ORDER BY ALL
