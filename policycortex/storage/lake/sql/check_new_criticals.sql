-- Grain: organisation, provider, account and check with critical findings, not muted, that fail since the organisation's
-- newest evaluated day; at most a hundred of each organisation, those of most findings first.
WITH newest AS (
    SELECT organization, max(observed_date) AS observed_date
    FROM lake.core.failing_since
    WHERE observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
),
counted AS (
    SELECT f.organization, f.observed_date, f.provider, f.account_id, f.check_id, sum(f.findings)::BIGINT AS findings
    FROM lake.core.failing_since f
        JOIN newest USING (organization, observed_date)
    WHERE f.severity = 'critical' AND f.failing_since = f.observed_date AND NOT coalesce(f.is_muted, false)
        AND f.observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
)
FROM counted
QUALIFY row_number() OVER (PARTITION BY organization ORDER BY findings DESC, provider, account_id, check_id) <= 100
ORDER BY organization, findings DESC, provider, account_id, check_id
