-- Grain: one of $days with stored scores or requirement results. The bounds keep files of other days closed.
SELECT observed_date FROM lake.marts.framework_scores
WHERE organization = $organization AND list_contains($days::DATE[], observed_date)
    AND observed_date BETWEEN list_min($days::DATE[]) AND list_max($days::DATE[])
UNION
SELECT observed_date FROM lake.marts.requirement_results
WHERE organization = $organization AND list_contains($days::DATE[], observed_date)
    AND observed_date BETWEEN list_min($days::DATE[]) AND list_max($days::DATE[])
ORDER BY observed_date
