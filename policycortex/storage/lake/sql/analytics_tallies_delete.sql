DELETE FROM lake.marts.risk_tallies WHERE observed_date = $day
