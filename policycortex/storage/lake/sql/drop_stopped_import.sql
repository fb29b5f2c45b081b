-- Receipt of an import that stopped early, before the file is imported again.
DELETE FROM lake.raw.imports WHERE import_id = $import_id
