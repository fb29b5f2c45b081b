-- Grain: one scan without findings of a version before 6, whose key was not stored.
SELECT DISTINCT c.import_id, c.organization, i.format, i.file_name, i.content_sha256, c.source, '' AS provider,
    c.account_id, '' AS region, '' AS service, false AS has_problem
FROM lake.raw.clean_scans c JOIN lake.raw.imports i USING (import_id)
WHERE c.scan_key IS NULL
