-- Grain: one waiver and the exported failing, unmuted findings it reaches; a finding that several reach counts for each.
-- A waiver for one requirement reaches the findings listed under it.
SELECT w.waiver_id, count(f.check_id) AS findings
FROM waivers w
    LEFT JOIN (FROM read_parquet($path) WHERE status = 'FAIL' AND NOT muted) f
    ON (w.framework IS NULL OR w.framework = $framework_id)
    AND (w.requirement_id IS NULL OR list_contains(f.requirements, w.requirement_id))
    AND (w.check_id IS NULL OR w.check_id = f.check_id)
    AND (w.account_id IS NULL OR w.account_id = f.account_id)
    AND (w.resource_glob IS NULL OR f.resource_uid GLOB w.resource_glob)
GROUP BY w.waiver_id
ORDER BY w.waiver_id
