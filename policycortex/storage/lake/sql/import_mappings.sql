-- Grain: one requirement of one mapping that the organisation did not have.
INSERT INTO lake.core.mappings BY NAME
SELECT DISTINCT $organization AS organization, *
FROM read_parquet($path) AS staged
WHERE mapping_id NOT IN (SELECT mapping_id FROM lake.core.mappings WHERE organization = $organization)
