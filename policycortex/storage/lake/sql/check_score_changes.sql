-- Grain: one cause of the change of one framework's score to the organisation's newest day with causes.
WITH newest AS (
    SELECT organization, max(observed_date) AS observed_date
    FROM lake.marts.changes
    WHERE observed_date BETWEEN $first_date AND $last_date
    GROUP BY ALL
)
SELECT c.organization, c.observed_date, c.previous_date, c.framework_id, c.cause, c.findings, c.points,
    old.value_pct AS before_pct, new.value_pct AS after_pct
FROM lake.marts.changes c
    JOIN newest USING (organization, observed_date)
    LEFT JOIN lake.marts.framework_scores old ON old.organization = c.organization AND old.framework_id = c.framework_id
        AND old.edition = c.edition AND old.observed_date = c.previous_date AND old.model = $model
    LEFT JOIN lake.marts.framework_scores new ON new.organization = c.organization AND new.framework_id = c.framework_id
        AND new.edition = c.edition AND new.observed_date = c.observed_date AND new.model = $model
WHERE c.edition = $edition AND c.framework_id <> '' AND c.observed_date BETWEEN $first_date AND $last_date
ORDER BY ALL
