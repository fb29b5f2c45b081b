-- Grain: one note about the file.
INSERT INTO lake.raw.import_notes BY NAME
SELECT $import_id AS import_id, $organization AS organization, $note_no::BIGINT AS note_no, $kind AS kind,
    $text AS text, $count::BIGINT AS note_count
