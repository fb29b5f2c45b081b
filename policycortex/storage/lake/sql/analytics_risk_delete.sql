DELETE FROM lake.marts.risk WHERE organization = $organization AND observed_date = $day
