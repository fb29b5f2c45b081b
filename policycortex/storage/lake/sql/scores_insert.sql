-- Grain: one score model of one framework, edition and day, from the frame new_scores.
INSERT INTO lake.marts.framework_scores BY NAME
SELECT $organization AS organization, * EXCLUDE (row_no)
FROM new_scores
ORDER BY observed_date, framework_id, edition, model
