-- Delete the build of this day.
DELETE FROM lake.core.day_builds WHERE observed_date = $day
