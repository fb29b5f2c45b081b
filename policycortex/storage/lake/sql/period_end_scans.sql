-- Grain: one check and scan target of one account, the scan that counts for it in the period, and one day of that scan.
FROM period_end_scans($organization, $first_date, $last_date, $start_at, $end_at)
