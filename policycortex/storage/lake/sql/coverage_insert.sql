-- Grain: one check of one scan in one region on $day.
INSERT INTO lake.core.scan_coverage BY NAME
WITH scans AS (
    SELECT organization, source, provider, account_id, scan_key, max(observed_at) AS scan_at
    FROM lake.core.finding_state
    WHERE observed_date = $day
    GROUP BY ALL
)
SELECT organization, observed_date, source, provider, account_id, region, check_id, scan_key, scan_at,
    count(*) AS findings
FROM lake.core.finding_state JOIN scans USING (organization, source, provider, account_id, scan_key)
WHERE observed_date = $day
GROUP BY ALL
ORDER BY ALL
