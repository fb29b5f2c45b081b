-- Stored scores are of the former selection of scans; without them the days are judged again.
DELETE FROM lake.marts.framework_scores
