-- Grain: one day with findings, state or scans without findings.
SELECT DISTINCT observed_date FROM (
    SELECT observed_date FROM lake.core.findings
    UNION ALL
    SELECT observed_date FROM lake.core.finding_state
    UNION ALL
    SELECT scanned_at::DATE FROM lake.raw.clean_scans
)
ORDER BY observed_date
