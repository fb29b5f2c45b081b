-- All organisations' rows of one day.
DELETE FROM lake.marts.check_tallies WHERE observed_date = $day
