-- Grain: failing keys of one severity, by the day they began and the day they ended or were last seen; columns of
-- EPISODE_SCHEMA. Ended ones are those that ended in the period; open ones stand in the closing posture.
WITH chosen AS (
    SELECT DISTINCT observed_date, source, provider, account_id, check_id, scan_key
    FROM closing_scans($organization, $first_date, $last_date, $start_at, $end_at)
),
episodes AS (
    SELECT provider, account_id, environment, severity, opened_date AS opened_on, observed_date AS ended_on,
        is_remediated, findings
    FROM lake.marts.remediations
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    UNION ALL BY NAME
    SELECT provider, account_id, environment, severity, failing_since AS opened_on, observed_date AS ended_on,
        false AS is_remediated, findings
    FROM lake.core.failing_since
        SEMI JOIN chosen USING (observed_date, source, provider, account_id, check_id, scan_key)
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
)
SELECT severity, opened_on, ended_on, is_remediated, sum(findings)::BIGINT AS findings
FROM episodes
WHERE (len($environments::VARCHAR[]) = 0 OR list_contains($environments::VARCHAR[], environment))
    AND (len($providers::VARCHAR[]) = 0 OR list_contains($providers::VARCHAR[], provider))
    AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], account_id))
GROUP BY ALL
ORDER BY ALL
