-- Grain: one score model of one day, from the frame new_scores.
INSERT INTO lake.marts.framework_scores BY NAME
SELECT $organization AS organization, $framework_id AS framework_id, * EXCLUDE (row_no)
FROM new_scores
ORDER BY observed_date, model
