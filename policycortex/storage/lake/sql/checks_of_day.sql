-- Grain: one check with findings on $day, of all organisations, and their number.
SELECT check_id, count(*) AS findings
FROM lake.core.findings
WHERE observed_date = $day
GROUP BY check_id
ORDER BY check_id
