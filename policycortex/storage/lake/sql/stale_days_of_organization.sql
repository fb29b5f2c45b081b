-- Grain: one day with imports of this organisation that its state was built without, as far as their times tell:
-- a day's state was built from as many imports as it has noted, the earliest first.
WITH touched AS (
    SELECT import_id, organization, imported_at, unnest(dates) AS observed_date FROM lake.raw.imports
    WHERE first_date <= $last_date AND last_date >= $first_date
),
numbered AS (
    SELECT
        observed_date, organization,
        row_number() OVER (PARTITION BY observed_date ORDER BY imported_at, import_id) AS import_no
    FROM touched WHERE observed_date BETWEEN $first_date AND $last_date
)
SELECT DISTINCT observed_date
FROM numbered LEFT JOIN lake.core.day_builds b USING (observed_date)
WHERE organization = $organization AND import_no > coalesce(b.import_count, 0)
ORDER BY observed_date
