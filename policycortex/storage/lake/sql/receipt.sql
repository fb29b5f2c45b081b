-- At most one row: the import of these bytes into this organisation.
SELECT import_id, file_name, format, read_count AS read, kept_count AS kept, quarantined_count AS quarantined, dates,
    (SELECT list(q.reason ORDER BY q.record_no)[:3]
     FROM lake.raw.quarantine q WHERE q.import_id = i.import_id AND q.record_no < 3) AS first_reasons
FROM lake.raw.imports i
WHERE organization = $organization AND content_sha256 = $content_sha256
