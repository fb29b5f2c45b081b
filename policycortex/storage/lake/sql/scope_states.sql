-- For a scope that tallies cannot answer: findings of the scope's organisation and days, with whether its filters on service
-- and region keep them. Shadows the view of the same name for this connection.
CREATE TEMP VIEW all_states AS
SELECT *, scope_keeps_place(service, region) AS is_kept
FROM memory.main.finding_state
WHERE organization = getvariable('scope_organization')
    AND observed_date BETWEEN getvariable('scope_first') AND getvariable('scope_last');
