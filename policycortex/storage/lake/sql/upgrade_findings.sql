-- The findings of $day in some imports, from $first_import to before $end_import, get the targets of new_targets. A file that is an export of a service's state is one scan of the
-- time of its newest finding, and all of its findings are of that day.
UPDATE lake.core.findings f
SET scan_target = t.scan_target, listing = t.listing,
    scan_at = CASE WHEN t.listing = 'state' THEN e.exported_at ELSE f.observed_at END,
    observed_date = CASE WHEN t.listing = 'state' THEN e.exported_at ELSE f.observed_at END::DATE
FROM new_targets t JOIN (
    SELECT import_id, max(observed_at) AS exported_at FROM lake.core.findings
    WHERE is_within(import_id, $first_import, $end_import) GROUP BY import_id
) e USING (import_id)
WHERE f.observed_date = $day AND is_within(f.import_id, $first_import, $end_import) AND f.scan_at IS NULL AND f.import_id = t.import_id AND f.source = t.source
    AND f.provider = t.provider AND f.account_id = t.account_id AND f.region = t.region AND f.service = t.service
