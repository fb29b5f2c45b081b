-- Grain: one import of the organisation with findings of the days.
SELECT import_id FROM lake.raw.imports
WHERE organization = $organization AND first_date <= $last_date AND last_date >= $first_date
ORDER BY import_id
