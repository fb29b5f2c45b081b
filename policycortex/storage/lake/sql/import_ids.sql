-- Grain: one import of the organisation that brought findings of the days.
SELECT import_id FROM lake.raw.imports
WHERE organization = $organization AND first_date <= $last_date AND last_date >= $first_date
ORDER BY import_id
