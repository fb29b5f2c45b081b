-- Grain: findings of the closing posture in scope that pass or fail, alike in all of RISK_ITEM_SCHEMA but resource. With
-- relations only findings they name. The choice of scans is that of closing_scans, made on this one table: each table
-- that is asked costs DuckLake the statistics of all its files of all days.
WITH seen AS MATERIALIZED (
    SELECT observed_date, scan_key, scan_at, source, provider, account_id, environment, service, check_id, mapping_id,
        title, severity, failing_since, passed, failed
    FROM lake.marts.risk_tallies
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
),
timely AS (
    FROM seen WHERE scan_at >= $start_at AND scan_at < $end_at
),
scans AS (
    SELECT source, provider, account_id, scan_key, max(scan_at) AS newest_at
    FROM timely
    GROUP BY ALL
),
chosen AS (
    SELECT source, provider, account_id, check_id, arg_max(scan_key, (newest_at, scan_key)) AS scan_key
    FROM timely JOIN scans USING (source, provider, account_id, scan_key)
    GROUP BY ALL
),
listed AS (
    SELECT DISTINCT provider, check_id, mapping_id FROM relations
)
SELECT t.provider, t.account_id, t.environment, t.service, t.check_id, t.mapping_id, any_value(t.title) AS title,
    t.severity, t.failing_since, sum(t.passed)::BIGINT AS passed, sum(t.failed)::BIGINT AS failed
FROM timely t
    SEMI JOIN chosen c USING (source, provider, account_id, check_id, scan_key)
WHERE t.passed + t.failed > 0
    AND (NOT $is_related OR (t.provider, t.check_id, t.mapping_id) IN (FROM listed))
    AND (len($environments::VARCHAR[]) = 0 OR list_contains($environments::VARCHAR[], t.environment))
    AND (len($providers::VARCHAR[]) = 0 OR list_contains($providers::VARCHAR[], t.provider))
    AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], t.account_id))
GROUP BY ALL
ORDER BY ALL
