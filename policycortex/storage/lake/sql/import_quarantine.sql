-- Grain: one record that could not be imported.
INSERT INTO lake.raw.quarantine BY NAME
SELECT $organization AS organization, $import_id AS import_id, $file_name AS file_name, *
FROM read_parquet($path)
