-- Grain: requirement and scanned day; columns of RESULT_HISTORY_SCHEMA.
SELECT observed_date AS date, requirement_id, result
FROM lake.marts.requirement_results
WHERE organization = $organization AND framework_id = $framework_id
    AND observed_date BETWEEN $first_date AND $last_date
ORDER BY date, requirement_no
