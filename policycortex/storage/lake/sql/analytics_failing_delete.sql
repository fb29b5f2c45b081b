DELETE FROM lake.core.failing_since WHERE observed_date = $day
