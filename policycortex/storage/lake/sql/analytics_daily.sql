-- Grain: day, place ($by: account, provider, environment, else one for all) and tally key over the posture as last known on
-- each day of "posture_days" that is wanted, in the scope; findings that pass or fail. newest_on, oldest_on: days of the
-- newest and oldest scan that counts.
WITH spans AS (
    SELECT c.day, c.until_day,
        CASE $by WHEN 'account' THEN t.account_id WHEN 'provider' THEN t.provider WHEN 'environment' THEN t.environment
            ELSE '' END AS place,
        t.provider, t.check_id, t.mapping_id, sum(t.passed)::BIGINT AS passed, sum(t.failed)::BIGINT AS failed
    FROM check_tallies t
        JOIN carried_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
    GROUP BY ALL
)
SELECT d.day AS observed_date, place, provider, check_id, mapping_id,
    sum(passed)::BIGINT AS passed, sum(failed)::BIGINT AS failed, max(s.day) AS newest_on, min(s.day) AS oldest_on
FROM spans s JOIN posture_days d ON d.is_wanted AND d.day BETWEEN s.day AND s.until_day
GROUP BY ALL
ORDER BY ALL
