-- Grain: day and cause of one framework (null: all findings) in one of these editions, oldest first.
SELECT observed_date, previous_date, cause, findings, passed, failed, points
FROM lake.marts.changes
WHERE organization = $organization AND coalesce(framework_id, '') = coalesce($framework_id, '')
    AND (framework_id IS NULL OR list_contains($editions::VARCHAR[], edition))
    AND observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date, cause
