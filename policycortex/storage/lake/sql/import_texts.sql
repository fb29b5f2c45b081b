-- Grain: one distinct set of texts that the organisation did not have.
INSERT INTO lake.core.check_texts BY NAME
SELECT DISTINCT ON (text_id) $organization AS organization, *
FROM read_parquet($path) AS staged
WHERE text_id NOT IN (SELECT text_id FROM lake.core.check_texts WHERE organization = $organization)
