-- Grain: one day that files of any organisation have findings or clean scans of.
SELECT DISTINCT observed_date
FROM (SELECT unnest(dates) AS observed_date FROM lake.raw.imports)
WHERE observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date
