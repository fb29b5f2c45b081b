INSERT INTO lake.marts.risk BY NAME
SELECT $organization AS organization, $day::DATE AS observed_date, * FROM new_risk
