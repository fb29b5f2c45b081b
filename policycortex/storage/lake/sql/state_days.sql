-- Grain: one day that has findings or state of any organisation.
SELECT DISTINCT observed_date FROM (
    SELECT observed_date FROM lake.core.findings WHERE observed_date BETWEEN $first_date AND $last_date
    UNION ALL
    SELECT observed_date FROM lake.core.finding_state WHERE observed_date BETWEEN $first_date AND $last_date
    UNION ALL
    SELECT scanned_at::DATE FROM lake.raw.clean_scans
    WHERE scanned_at::DATE BETWEEN $first_date AND $last_date
)
ORDER BY observed_date
