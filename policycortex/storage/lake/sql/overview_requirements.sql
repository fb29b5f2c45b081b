-- Grain: framework, edition and one of these days, with its compliant and its assessed requirements; oldest day first.
SELECT framework_id, edition, observed_date, count(*) FILTER (result = $compliant) AS met,
    count(*) FILTER (result = $compliant OR result = $non_compliant) AS assessed
FROM lake.marts.requirement_results
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    AND list_contains($days::DATE[], observed_date)
GROUP BY ALL
ORDER BY ALL
