-- Grain: one score of one of the days that is out of range, or that disagrees with the stored requirement results.
WITH results AS (
    SELECT organization, observed_date, framework_id, edition, count(*) AS total,
        count(*) FILTER (result IN ('compliant', 'non_compliant')) AS assessed
    FROM lake.marts.requirement_results
    WHERE observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
),
judged AS (
    SELECT s.organization, s.observed_date, s.framework_id, s.edition, s.model, s.value_pct, s.numerator, s.denominator,
        s.assessed, s.total, r.assessed AS results_assessed, r.total AS results_total,
        s.value_pct NOT BETWEEN 0 AND 100 OR s.numerator > s.denominator + 1e-9 OR s.numerator < 0
            OR (s.value_pct IS NULL) <> (s.denominator = 0) AS is_out_of_range,
        s.assessed IS DISTINCT FROM r.assessed OR s.total IS DISTINCT FROM r.total AS is_other_than_results
    FROM lake.marts.framework_scores s
        LEFT JOIN results r USING (organization, observed_date, framework_id, edition)
    WHERE s.observed_date BETWEEN $first_date AND $last_date
)
SELECT *, count(*) OVER () AS found
FROM (SELECT * FROM judged WHERE is_out_of_range OR is_other_than_results)
ORDER BY observed_date DESC, organization, framework_id, model
LIMIT 100
