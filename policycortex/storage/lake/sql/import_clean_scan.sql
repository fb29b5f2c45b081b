-- Grain: one scan of the file that has no findings.
INSERT INTO lake.raw.clean_scans BY NAME
SELECT $import_id AS import_id, $organization AS organization, $source AS source, $account_id AS account_id,
    $scanned_at::TIMESTAMPTZ AS scanned_at, $checks::VARCHAR[] AS checks,
    $scan_key AS scan_key, $scan_target AS scan_target, $listing AS listing
