-- Grain: one day that has findings or state, with its organisations.
SELECT observed_date, list_sort(list(DISTINCT organization)) AS organizations FROM (
    SELECT observed_date, organization FROM lake.core.findings WHERE observed_date BETWEEN $first_date AND $last_date
    UNION ALL
    SELECT observed_date, organization FROM lake.core.finding_state WHERE observed_date BETWEEN $first_date AND $last_date
    UNION ALL
    SELECT scanned_at::DATE, organization FROM lake.raw.clean_scans
    WHERE scanned_at::DATE BETWEEN $first_date AND $last_date
)
GROUP BY observed_date
ORDER BY observed_date
