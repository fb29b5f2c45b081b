-- Grain: as period_end_scans, of the posture as last known on $day.
SELECT source, provider, account_id, scan_target, check_id, scan_key, observed_date, scan_at
FROM carried_scans
WHERE day <= $day AND until_day >= $day
