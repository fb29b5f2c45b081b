-- Grain: one day with findings that have no time of their scan, which are those of versions before 6, and their imports.
SELECT observed_date, list_sort(list(DISTINCT import_id)) AS imports
FROM lake.core.findings
WHERE scan_at IS NULL
GROUP BY observed_date
ORDER BY observed_date
