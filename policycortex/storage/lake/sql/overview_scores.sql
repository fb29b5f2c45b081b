-- Grain: framework, edition and scored day, with the figures of one score model; oldest day first.
SELECT framework_id, edition, observed_date, numerator, denominator
FROM lake.marts.framework_scores
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date AND model = $model
ORDER BY ALL
