-- Grain: one requirement of one framework, edition and day, from the frame new_requirements.
INSERT INTO lake.marts.requirement_results BY NAME
SELECT $organization AS organization, row_no AS requirement_no, * EXCLUDE (row_no)
FROM new_requirements
ORDER BY observed_date, framework_id, edition, row_no
