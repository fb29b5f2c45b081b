-- Causes of score changes of the former selection of scans.
DELETE FROM lake.marts.changes
