-- Grain: one imported file of the organisation that brought findings of the days asked for.
SELECT file_name, content_sha256, format, kept_count
FROM lake.raw.imports
WHERE organization = $organization AND first_date <= $last_date AND last_date >= $first_date
ORDER BY content_sha256
