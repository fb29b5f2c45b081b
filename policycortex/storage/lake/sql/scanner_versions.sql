-- Grain: one version of the scanner that brought a check's findings of one scan, by mapping and day.
SELECT DISTINCT observed_date, source, provider, account_id, check_id, mapping_id, scan_key, source_version
FROM lake.core.findings
WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
