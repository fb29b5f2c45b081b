-- Grain: one row: the findings of the organisation's imported files with findings of the requested days.
SELECT coalesce(sum(kept_count), 0)::BIGINT AS findings
FROM lake.raw.imports
WHERE organization = $organization AND first_date <= $last_date AND last_date >= $first_date
