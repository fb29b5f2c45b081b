-- Grain: framework, edition, day and cause of the change of its score since the scored day before; oldest first.
SELECT framework_id, edition, observed_date, cause, findings, points
FROM lake.marts.changes
WHERE organization = $organization AND framework_id <> '' AND observed_date BETWEEN $first_date AND $last_date
ORDER BY ALL
