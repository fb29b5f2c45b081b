-- Grain: one scan of one file, as far as its target depends on it; findings without a time of their scan only, which are
-- those of versions before 6.
SELECT f.import_id, f.organization, i.format, i.file_name, f.source, f.provider, f.account_id, f.region, f.service,
    i.import_id IN (SELECT import_id FROM lake.raw.import_notes WHERE kind = 'scan_problem') AS has_problem
FROM (
    SELECT DISTINCT import_id, organization, source, provider, account_id, region, service
    FROM lake.core.findings
    WHERE scan_at IS NULL
) f JOIN lake.raw.imports i USING (import_id)
