DELETE FROM lake.marts.remediations WHERE observed_date = $day
