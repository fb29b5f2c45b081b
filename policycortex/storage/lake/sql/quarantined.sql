-- Grain: one record that could not be kept, newest import first, then by its place in the file; columns of
-- QUARANTINED_SCHEMA. ``total`` is the number of all that fit the filter, on each row.
SELECT q.file_name, i.imported_at, q.byte_offset, q.byte_length, q.reason, q.raw_text, count(*) OVER () AS total
FROM (
    SELECT import_id, file_name, byte_offset, byte_length, reason, left(raw_text, $text_length) AS raw_text
    FROM lake.raw.quarantine
    WHERE organization = $organization AND (len($file_name::VARCHAR) = 0 OR file_name = $file_name)
        AND ($is_any_import OR list_contains($import_ids::VARCHAR[], import_id))
) q JOIN lake.raw.imports i ON i.organization = $organization AND i.import_id = q.import_id
ORDER BY i.imported_at DESC, q.import_id, q.byte_offset
LIMIT $row_limit OFFSET $row_offset
