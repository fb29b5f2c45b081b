-- Grain: requirement and scanned day; columns of RESULT_HISTORY_SCHEMA.
-- Snapshots from before table version 7 have no column edition: the name then means that of the outer query.
SELECT kept.date, kept.requirement_id, kept.result
FROM (SELECT 'scanner' AS edition) AS before_editions, LATERAL (
    SELECT observed_date AS date, requirement_id, result, requirement_no
    FROM lake.marts.requirement_results
    WHERE organization = $organization AND framework_id = $framework_id AND edition = $edition
        AND observed_date BETWEEN $first_date AND $last_date
) AS kept
ORDER BY kept.date, kept.requirement_no
