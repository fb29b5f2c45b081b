-- Grain: one imported file of the organisation with findings of the requested days.
SELECT file_name, content_sha256, format, kept_count
FROM lake.raw.imports
WHERE organization = $organization AND first_date <= $last_date AND last_date >= $first_date
ORDER BY content_sha256
