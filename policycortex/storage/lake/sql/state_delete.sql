-- All organisations' rows of one day.
DELETE FROM lake.core.finding_state WHERE observed_date = $day
