-- Grain: one waiver and the exported failing, unmuted findings that it covers; a finding that several cover counts for each.
-- A waiver for one requirement covers the findings listed under it.
SELECT w.waiver_id, count(f.check_id) AS findings
FROM waivers w
    LEFT JOIN (FROM read_parquet($path) WHERE status = 'FAIL' AND NOT muted) f
    ON waiver_holds_for(w.framework, $framework_id)
    AND (w.requirement_id IS NULL OR list_contains(f.requirements, w.requirement_id))
    AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
GROUP BY w.waiver_id
ORDER BY w.waiver_id
