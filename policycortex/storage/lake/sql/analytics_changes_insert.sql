INSERT INTO lake.marts.changes BY NAME
SELECT $organization AS organization, $day::DATE AS observed_date, * FROM new_changes
