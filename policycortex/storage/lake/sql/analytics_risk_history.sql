-- Grain: scanned day of one place, oldest first.
SELECT observed_date, risk_version, value, severity, exposure, age, environment, failed, assessed, worst, others, band, share_pct
FROM lake.marts.risk
WHERE organization = $organization AND concat(dimension, '/', label) = concat($dimension, '/', $label)
    AND observed_date BETWEEN $first_date AND $last_date
ORDER BY observed_date
