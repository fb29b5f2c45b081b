-- Grain: tally key; passing and failing findings in scope whose keys are not in "changed_keys": they are equal on both dates.
SELECT provider, check_id, mapping_id, count(*) FILTER (status = 'PASS') AS passed,
    count(*) FILTER (status = 'FAIL' AND NOT is_waived) AS failed
FROM read_parquet($before) ANTI JOIN changed_keys USING (account_id, check_id, region, resource_uid)
WHERE is_in_scope AND NOT is_muted
GROUP BY ALL
