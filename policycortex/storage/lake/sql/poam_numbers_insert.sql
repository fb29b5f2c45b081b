-- Adds "new_numbers"; their other rows never change.
INSERT INTO lake.core.poam_items BY NAME
SELECT $organization AS organization, *, $numbered_at::TIMESTAMPTZ AS numbered_at FROM new_numbers ORDER BY number
