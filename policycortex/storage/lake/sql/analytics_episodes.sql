-- Grain: failing keys of one tally key and severity that ended in the period, by the day they began and the day they
-- ended; the tally key, then columns of EPISODE_SCHEMA.
SELECT provider, check_id, mapping_id, severity, opened_date AS opened_on, observed_date AS ended_on, is_remediated, sum(findings)::BIGINT AS findings
FROM remediations
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    AND in_scope(environment, provider, account_id, $environments, $providers, $accounts)
GROUP BY ALL
ORDER BY ALL
