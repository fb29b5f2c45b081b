-- The first and last day on which the organisation was scanned; null without scans.
SELECT min(observed_date) AS first_date, max(observed_date) AS last_date
FROM scan_coverage
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
