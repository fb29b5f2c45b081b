-- Grain: one requirement named by findings that share mapping_id; columns of MAPPING_SCHEMA.
SELECT mapping_id, framework_key, requirement_uid
FROM lake.core.mappings
WHERE organization = $organization
ORDER BY ALL
