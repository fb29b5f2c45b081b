-- One framework's rows of one organisation on these days.
DELETE FROM lake.marts.framework_scores
WHERE organization = $organization AND observed_date IN ($days::DATE[]) AND framework_id = $framework_id
