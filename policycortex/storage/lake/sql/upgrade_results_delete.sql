-- Requirement results of the former selection of scans.
DELETE FROM lake.marts.requirement_results
