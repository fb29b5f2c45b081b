-- Grain: day and score model of one framework; columns of FRAMEWORK_SCORE_SCHEMA after observed_date.
SELECT observed_date, framework_version, crosswalk_version, model, model_version, value_pct, numerator, denominator,
    muted, waived, manual, assessed, total, critical, high, medium, low, informational
FROM lake.marts.framework_scores
WHERE organization = $organization AND framework_id = $framework_id AND edition = $edition
    AND observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date, model
