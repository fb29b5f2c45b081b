-- Notes of an import that stopped early, before the file is imported again.
DELETE FROM lake.raw.import_notes WHERE import_id = $import_id
