-- Grain: one of the wanted sets of texts.
SELECT text_id, title, remediation
FROM lake.core.check_texts
WHERE organization = $organization AND list_contains($text_ids::VARCHAR[], text_id)
