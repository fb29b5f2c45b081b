-- Grain: one row; the days that the findings of the newest imports have.
SELECT coalesce(min(first_date), DATE '2000-01-01') AS first_date, coalesce(max(last_date), DATE '2000-01-01') AS last_date
FROM (SELECT first_date, last_date FROM lake.raw.imports ORDER BY imported_at DESC, import_id LIMIT $row_limit)
