-- Grain: one day with tallies of the organisation.
SELECT DISTINCT observed_date
FROM check_tallies
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date
