-- Grain: one tallied day of an organisation and one framework with stored scores of that edition; nulls without scores.
SELECT tallied.observed_date, scored.framework_id, scored.crosswalk_version
FROM (SELECT DISTINCT observed_date FROM lake.marts.check_tallies WHERE organization = $organization) tallied
    LEFT JOIN (
        SELECT DISTINCT observed_date, framework_id, crosswalk_version
        FROM lake.marts.framework_scores
        WHERE organization = $organization AND edition = $edition
    ) scored USING (observed_date)
ORDER BY observed_date, framework_id
