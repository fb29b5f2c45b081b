-- One row: the file itself.
INSERT INTO lake.raw.imports BY NAME
SELECT $import_id AS import_id, $organization AS organization, $file_name AS file_name,
    $content_sha256 AS content_sha256, $format AS format, $source AS source, $read::BIGINT AS read_count,
    $kept::BIGINT AS kept_count, $quarantined::BIGINT AS quarantined_count, $bytes::BIGINT AS byte_count,
    list_min($dates::DATE[]) AS first_date, list_max($dates::DATE[]) AS last_date, $dates::DATE[] AS dates,
    $imported_at::TIMESTAMPTZ AS imported_at
