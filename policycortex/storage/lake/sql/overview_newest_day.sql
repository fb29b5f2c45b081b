-- Grain: one row; the organisation's newest day with stored scores up to $last_date, NULL for none.
SELECT max(observed_date) AS observed_date
FROM lake.marts.framework_scores
WHERE organization = $organization AND observed_date <= $last_date
