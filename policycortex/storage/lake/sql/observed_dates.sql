-- Grain: one day on which the organisation has findings.
SELECT DISTINCT observed_date
FROM lake.core.findings
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date
