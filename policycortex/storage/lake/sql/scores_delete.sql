-- All frameworks' rows of one organisation on these days. The bounds keep files of other days closed.
DELETE FROM lake.marts.framework_scores
WHERE organization = $organization AND list_contains($days::DATE[], observed_date)
    AND observed_date BETWEEN list_min($days::DATE[]) AND list_max($days::DATE[])
