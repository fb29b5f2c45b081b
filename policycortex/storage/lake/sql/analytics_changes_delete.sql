DELETE FROM lake.marts.changes WHERE organization = $organization AND observed_date = $day
