-- Grain: UTC day from $first_date to $last_date that holds findings, or ages of findings it held once.
SELECT DISTINCT observed_date FROM lake.core.scan_coverage WHERE observed_date BETWEEN $first_date AND $last_date
UNION
SELECT DISTINCT observed_date FROM lake.core.failing_since WHERE observed_date BETWEEN $first_date AND $last_date
