-- Scans without findings of a version before 6 get their keys and targets.
UPDATE lake.raw.clean_scans c
SET scan_key = n.scan_key, scan_target = n.scan_target, listing = n.listing
FROM new_clean_scans n
WHERE c.scan_key IS NULL AND c.import_id = n.import_id AND c.source = n.source AND c.account_id = n.account_id
