-- All organisations' rows of one day.
DELETE FROM lake.core.scan_coverage WHERE observed_date = $day
