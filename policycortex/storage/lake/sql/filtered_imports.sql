-- Grain: one imported file of the organisation that looks filtered.
SELECT DISTINCT import_id FROM filtered_notes JOIN lake.raw.imports USING (import_id) WHERE organization = $organization
