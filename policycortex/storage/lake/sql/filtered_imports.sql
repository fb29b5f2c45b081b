-- Grain: one imported file of any organisation that looks filtered.
SELECT DISTINCT import_id FROM filtered_notes
