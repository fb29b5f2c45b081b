-- Grain: one finding of the file. Equal digests mean that two files have equal findings: it covers all columns of
-- the resource, not the texts that describe the check.
-- An export of a service's state is one scan of the time $exported_at, however old the times of its findings are.
-- Prowler writes the scan's start as the time of all findings: without a scan uid, and with one time for an account's
-- findings in the file, that time identifies the scan, so that a scan in several files is one scan.
-- Of a tool that lists failing findings only, a file with bad records is a part of a scan: what it does not list may fail.
INSERT INTO lake.core.findings BY NAME
WITH stamped AS (
    SELECT scan_key, account_id,
        concat('-', $format::VARCHAR, '/', account_id, '/', strftime(min(observed_at), '%Y-%m-%dT%H:%M:%S.%f')) AS stamp
    FROM read_parquet($path)
    WHERE scan_uid = '' AND source = 'prowler'
    GROUP BY scan_key, account_id
    HAVING min(observed_at) = max(observed_at)
)
SELECT $organization AS organization, $import_id AS import_id,
    CASE WHEN f.listing = 'state' THEN $exported_at::TIMESTAMPTZ ELSE observed_at END AS scan_at,
    scan_at::DATE AS observed_date,
    md5_number_lower(concat_ws(chr(31), finding_uid, check_id, status, severity, is_muted, status_detail, provider,
        account_id, region, service, resource_uid, resource_name, resource_type, coalesce(environment_tag, chr(30)),
        tags, mapping_id, epoch_us(observed_at))) AS content_digest,
    coalesce(stamp, scan_key) AS scan_key,
    CASE WHEN $has_bad_records AND f.listing = 'failures' THEN 'part' ELSE f.listing END AS listing,
    f.* EXCLUDE (scan_key, stamp, listing)
FROM (SELECT * FROM read_parquet($path) LEFT JOIN stamped USING (scan_key, account_id)) f
WHERE is_within(CASE WHEN f.listing = 'state' THEN $exported_at::TIMESTAMPTZ ELSE observed_at END::DATE, $first_date, $end_date)
