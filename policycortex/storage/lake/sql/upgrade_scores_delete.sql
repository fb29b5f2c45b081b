-- Stored scores are of a former selection of scans; without them the days are judged again.
DELETE FROM lake.marts.framework_scores
