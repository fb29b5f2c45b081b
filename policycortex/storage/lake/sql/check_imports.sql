-- Grain: one of the newest imports; the records that were read and those that could not be kept.
SELECT organization, file_name, format, imported_at, read_count AS "read", quarantined_count AS quarantined
FROM lake.raw.imports
ORDER BY imported_at DESC, import_id
LIMIT $row_limit
