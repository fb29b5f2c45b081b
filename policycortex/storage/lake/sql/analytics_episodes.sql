-- Grain: failing keys of one severity that ended in the period, by the day they began and the day they ended; columns of
-- EPISODE_SCHEMA.
SELECT severity, opened_date AS opened_on, observed_date AS ended_on, is_remediated, sum(findings)::BIGINT AS findings
FROM lake.marts.remediations
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    AND (len($environments::VARCHAR[]) = 0 OR list_contains($environments::VARCHAR[], environment))
    AND (len($providers::VARCHAR[]) = 0 OR list_contains($providers::VARCHAR[], provider))
    AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], account_id))
GROUP BY ALL
ORDER BY ALL
