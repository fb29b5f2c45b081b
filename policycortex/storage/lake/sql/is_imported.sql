-- At most one row: the id, if the import exists. Costs a twentieth of `receipt`, which new imports need not read.
SELECT import_id FROM lake.raw.imports WHERE import_id = $import_id
