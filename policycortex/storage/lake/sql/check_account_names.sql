-- Grain: one of these accounts that has a name on one of these days.
SELECT organization, account_id, max(account_name) AS account_name
FROM lake.core.findings
WHERE list_contains($days::DATE[], observed_date) AND observed_date BETWEEN $first_date AND $last_date
    AND list_contains($accounts::VARCHAR[], account_id) AND account_name <> ''
GROUP BY ALL
