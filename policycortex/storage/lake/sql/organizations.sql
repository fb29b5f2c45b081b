-- Grain: one organisation that has imported findings.
SELECT DISTINCT organization FROM lake.raw.imports ORDER BY organization
