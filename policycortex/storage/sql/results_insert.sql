-- Grain: one requirement of one day, from the frame new_requirements.
INSERT INTO lake.marts.requirement_results BY NAME
SELECT $organization AS organization, $framework_id AS framework_id, row_no AS requirement_no, * EXCLUDE (row_no)
FROM new_requirements
ORDER BY observed_date, row_no
