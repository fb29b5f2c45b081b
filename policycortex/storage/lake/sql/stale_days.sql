-- Grain: one day with imports since its state was built, or whose state was never built.
WITH touched AS (
    SELECT unnest(dates) AS observed_date FROM lake.raw.imports
    WHERE first_date <= $last_date AND last_date >= $first_date
)
SELECT observed_date
FROM touched LEFT JOIN lake.core.day_builds b USING (observed_date)
WHERE observed_date BETWEEN $first_date AND $last_date
GROUP BY observed_date, b.import_count
HAVING count(*) <> coalesce(b.import_count, 0)
ORDER BY observed_date
