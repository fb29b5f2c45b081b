-- Grain: scanned day after one of $days on which a scan of one of $days counts.
SELECT DISTINCT scanned.day
FROM (SELECT DISTINCT day FROM carried_scans) scanned
    JOIN (
        SELECT day, max(until_day) AS until_day FROM carried_scans
        WHERE list_contains($days::DATE[], day)
        GROUP BY day
    ) touched
    ON scanned.day > touched.day AND scanned.day <= touched.until_day
ORDER BY day
