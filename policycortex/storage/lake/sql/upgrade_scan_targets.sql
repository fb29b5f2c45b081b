-- Grain: one scan target of a file that an earlier version imported.
INSERT INTO lake.raw.scan_targets BY NAME
SELECT f.import_id, f.organization, f.scan_target, any_value(t.target_origin) AS target_origin, count(*) AS findings
FROM lake.core.findings f JOIN (
    SELECT DISTINCT import_id, scan_target, target_origin FROM new_targets
) t USING (import_id, scan_target)
WHERE f.import_id NOT IN (SELECT import_id FROM lake.raw.scan_targets)
GROUP BY f.import_id, f.organization, f.scan_target
