-- At most one row: one import, whose id is a digest of organisation, bytes and given target.
SELECT import_id, file_name, format, read_count AS read, kept_count AS kept, quarantined_count AS quarantined, dates,
    (SELECT list(q.reason ORDER BY q.record_no)[:3]
     FROM lake.raw.quarantine q WHERE q.import_id = i.import_id AND q.record_no < 3) AS first_reasons,
    (SELECT list({'kind': n.kind, 'text': n.text, 'count': n.note_count} ORDER BY n.note_no)
     FROM lake.raw.import_notes n WHERE n.import_id = i.import_id) AS notes,
    (SELECT list({'text': s.scan_target, 'origin': s.target_origin, 'findings': s.findings} ORDER BY s.scan_target)
     FROM lake.raw.scan_targets s WHERE s.import_id = i.import_id) AS targets,
    (SELECT count(*) FROM lake.raw.clean_scans c WHERE c.import_id = i.import_id) AS clean_scans
FROM lake.raw.imports i
WHERE import_id = $import_id
