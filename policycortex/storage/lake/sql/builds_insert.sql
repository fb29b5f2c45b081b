-- Store how many imports this day's state was built from.
INSERT INTO lake.core.day_builds
SELECT $day::DATE, count(*) FROM lake.raw.imports WHERE list_contains(dates, $day::DATE)
