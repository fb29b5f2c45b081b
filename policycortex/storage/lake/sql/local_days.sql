-- Grain: UTC day of the newest finding of scans, and the day of "posture_days" that these scans are of.
SELECT (TIMESTAMP '1970-01-01' + to_microseconds(epoch_us(seen_at)))::DATE AS utc_day, max(day) AS day
FROM carried_scans
GROUP BY utc_day
