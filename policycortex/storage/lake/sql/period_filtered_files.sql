-- Grain: one file with findings of the period-end posture in scope that looks filtered, and in which way; columns of
-- FILTERED_FILES_SCHEMA. filtered_notes is empty at a snapshot before version 6.
WITH files AS (
    SELECT DISTINCT t.import_id
    FROM finding_state t
        SEMI JOIN filtered_notes n ON n.import_id = t.import_id
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
)
SELECT DISTINCT i.file_name, n.kind
FROM files JOIN filtered_notes n USING (import_id) JOIN lake.raw.imports i USING (import_id)
ORDER BY ALL
