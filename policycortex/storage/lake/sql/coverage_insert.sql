-- Grain: one check of one scan in one target and region on $day; one row without a check for a scan without findings.
-- is_whole_target: the scan has looked at all of its checks there. That is known of a scan with an identity if checks of
-- two services have findings both there and in another target: those of one service may be of a global one, whose findings
-- are all in one region whatever regions were scanned.
INSERT INTO lake.core.scan_coverage BY NAME
WITH state AS (
    SELECT organization, source, provider, account_id, region, service, scan_target, check_id, scan_key, listing, scan_at,
        observed_at
    FROM lake.core.finding_state
    WHERE observed_date = $day AND is_within(organization, $first_organization, $end_organization)
),
scans AS (
    SELECT organization, source, provider, account_id, scan_key, max(scan_at) AS scan_at, max(observed_at) AS seen_at
    FROM state
    GROUP BY ALL
),
shared AS (
    SELECT DISTINCT organization, source, provider, account_id, scan_key, scan_target, check_id, service
    FROM state
    WHERE is_one_scan(scan_key) AND scan_target <> ''
    QUALIFY count(DISTINCT scan_target) OVER (
        PARTITION BY organization, source, provider, account_id, scan_key, check_id
    ) > 1
),
whole AS (
    SELECT organization, source, provider, account_id, scan_key, scan_target, true AS is_whole_target
    FROM shared
    GROUP BY ALL
    HAVING count(DISTINCT service) > 1
),
found AS (
    SELECT organization, source, provider, account_id, region, scan_target, check_id, scan_key, listing, count(*) AS findings
    FROM state
    GROUP BY ALL
),
clean AS (
    SELECT organization, source, '' AS provider, account_id, '' AS region, scan_target, scan_key, listing,
        unnest(CASE WHEN len(checks) = 0 OR listing = 'failures' THEN [''] ELSE checks END) AS check_id,
        scanned_at AS scan_at, scanned_at AS seen_at, 0::BIGINT AS findings, false AS is_whole_target
    FROM lake.raw.clean_scans
    WHERE scanned_at::DATE = $day AND scan_key IS NOT NULL
        AND is_within(organization, $first_organization, $end_organization)
)
SELECT $day::DATE AS observed_date, f.*, s.scan_at, s.seen_at, coalesce(w.is_whole_target, false) AS is_whole_target
FROM found f
    JOIN scans s USING (organization, source, provider, account_id, scan_key)
    LEFT JOIN whole w USING (organization, source, provider, account_id, scan_key, scan_target)
UNION ALL BY NAME
SELECT DISTINCT $day::DATE AS observed_date, * FROM clean
ORDER BY ALL
