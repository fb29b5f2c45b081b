-- Grain: one scan target of the file and how it was found.
INSERT INTO lake.raw.scan_targets BY NAME
SELECT $import_id AS import_id, $organization AS organization, unnest($targets::VARCHAR[]) AS scan_target,
    unnest($origins::VARCHAR[]) AS target_origin, unnest($findings::BIGINT[]) AS findings
