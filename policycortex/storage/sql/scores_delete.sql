-- All frameworks' rows of one organisation on these days.
DELETE FROM lake.marts.framework_scores
WHERE organization = $organization AND list_contains($days::DATE[], observed_date)
