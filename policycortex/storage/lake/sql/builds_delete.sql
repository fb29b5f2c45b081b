-- Forget that this day was built.
DELETE FROM lake.core.day_builds WHERE observed_date = $day
