-- Grain: one finding of one scan on $day. When several files have findings of one scan, equal findings count as often
-- as in the file with most of them; within one file nothing is dropped, because scanners repeat uids. Sorted, so that
-- queries of some checks or of muted findings read some row groups of the day; checks from $first_check on, before $end_check.
INSERT INTO lake.core.finding_state BY NAME
WITH shared_scans AS (
    SELECT organization, source, scan_target, scan_key
    FROM lake.core.findings
    WHERE observed_date = $day AND is_within(organization, $first_organization, $end_organization)
    GROUP BY ALL
    HAVING count(DISTINCT import_id) > 1
),
copies AS (
    SELECT organization, source, scan_target, scan_key, content_digest, import_id, finding_no,
        row_number() OVER (
            PARTITION BY organization, source, scan_target, scan_key, content_digest, import_id ORDER BY finding_no
        ) AS copy_no
    FROM lake.core.findings SEMI JOIN shared_scans USING (organization, source, scan_target, scan_key)
    WHERE observed_date = $day AND is_within(check_id, $first_check, $end_check)
),
dropped AS (
    SELECT organization, import_id, finding_no
    FROM copies
    QUALIFY row_number() OVER (
        PARTITION BY organization, source, scan_target, scan_key, content_digest, copy_no ORDER BY import_id
    ) > 1
),
accounts AS (
    SELECT unnest($account_ids::VARCHAR[]) AS account_id, unnest($environments::VARCHAR[]) AS environment
)
SELECT f.organization, f.observed_date, f.scan_key, f.source, f.provider, f.account_id, f.region,
    coalesce(f.environment_tag, a.environment, 'unknown') AS environment,
    f.service, f.check_id, f.mapping_id, f.text_id, f.status, f.severity, f.is_muted, f.finding_uid, f.resource_uid,
    f.resource_type, f.observed_at, f.import_id, f.finding_no, f.is_exposed, f.scan_target, f.listing,
    coalesce(f.scan_at, f.observed_at) AS scan_at
FROM lake.core.findings f
    ANTI JOIN dropped d USING (organization, import_id, finding_no)
    LEFT JOIN accounts a ON a.account_id = f.account_id
WHERE f.observed_date = $day AND is_within(f.organization, $first_organization, $end_organization)
    AND is_within(f.check_id, $first_check, $end_check)
ORDER BY f.organization, f.is_muted, f.check_id, f.status, f.account_id
