-- Grain: one account of one source and one day on which it was scanned.
SELECT source, provider, account_id, observed_date, count(DISTINCT check_id) AS checks
FROM lake.core.scan_coverage
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND account_id <> ''
GROUP BY ALL
ORDER BY ALL
