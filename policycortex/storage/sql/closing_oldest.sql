-- The oldest day of the closing posture: none of its findings stands on an earlier one.
SELECT min(observed_date) AS day FROM closing_scans($organization, $first_date, $last_date, $start_at, $end_at)
