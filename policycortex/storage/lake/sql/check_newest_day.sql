-- Grain: one row; the newest day with stored scores, NULL for none.
SELECT max(observed_date) AS observed_date FROM lake.marts.framework_scores
