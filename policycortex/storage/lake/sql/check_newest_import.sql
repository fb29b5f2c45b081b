SELECT max(imported_at) AS imported_at FROM lake.raw.imports
