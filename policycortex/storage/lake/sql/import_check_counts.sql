-- Grain: provider, check, mapping and severity over the findings of some imports; columns of TALLY_SCHEMA.
SELECT provider, check_id, mapping_id, severity,
    count(*) FILTER (WHERE NOT is_muted AND status = 'PASS') AS passed,
    count(*) FILTER (WHERE NOT is_muted AND status = 'FAIL') AS failed,
    count(*) FILTER (WHERE NOT is_muted AND status = 'MANUAL') AS manual,
    count(*) FILTER (WHERE is_muted) AS muted
FROM lake.core.findings
WHERE organization = $organization AND import_id IN (SELECT unnest($import_ids::VARCHAR[]))
    AND observed_date BETWEEN $first_date AND $last_date
GROUP BY ALL
ORDER BY ALL
