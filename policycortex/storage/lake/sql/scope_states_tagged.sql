-- As scope_states, with the scope's filters on tags and owners, which only the findings themselves have.
CREATE TEMP VIEW all_states AS
WITH kept AS (
    SELECT observed_date, import_id, finding_no, true AS is_kept
    FROM lake.core.findings
    WHERE organization = getvariable('scope_organization')
        AND observed_date BETWEEN getvariable('scope_first') AND getvariable('scope_last')
        AND scope_keeps_place(service, region) AND scope_keeps_tags(tags)
)
SELECT s.*, coalesce(k.is_kept, false) AS is_kept
FROM memory.main.finding_state s
    LEFT JOIN kept k
    ON (k.observed_date, k.import_id, k.finding_no) = (s.observed_date, s.import_id, s.finding_no)
WHERE s.organization = getvariable('scope_organization')
    AND s.observed_date BETWEEN getvariable('scope_first') AND getvariable('scope_last');
