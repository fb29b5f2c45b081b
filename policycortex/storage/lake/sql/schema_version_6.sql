-- What tables of version 5 lack. Safe to run again. Days that are not built again keep the scan target '' of all findings.
ALTER TABLE lake.raw.clean_scans ADD COLUMN IF NOT EXISTS scan_key VARCHAR;
ALTER TABLE lake.raw.clean_scans ADD COLUMN IF NOT EXISTS scan_target VARCHAR;
ALTER TABLE lake.raw.clean_scans ADD COLUMN IF NOT EXISTS listing VARCHAR;
ALTER TABLE lake.core.findings ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
ALTER TABLE lake.core.findings ADD COLUMN IF NOT EXISTS listing VARCHAR DEFAULT 'results';
ALTER TABLE lake.core.findings ADD COLUMN IF NOT EXISTS scan_at TIMESTAMPTZ;
ALTER TABLE lake.core.finding_state ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
ALTER TABLE lake.core.finding_state ADD COLUMN IF NOT EXISTS listing VARCHAR DEFAULT 'results';
ALTER TABLE lake.core.finding_state ADD COLUMN IF NOT EXISTS scan_at TIMESTAMPTZ;
ALTER TABLE lake.core.scan_coverage ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
ALTER TABLE lake.core.scan_coverage ADD COLUMN IF NOT EXISTS listing VARCHAR DEFAULT 'results';
ALTER TABLE lake.core.scan_coverage ADD COLUMN IF NOT EXISTS seen_at TIMESTAMPTZ;
ALTER TABLE lake.core.scan_coverage ADD COLUMN IF NOT EXISTS is_whole_target BOOLEAN;
ALTER TABLE lake.marts.check_tallies ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
ALTER TABLE lake.core.failing_since ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
ALTER TABLE lake.marts.risk_tallies ADD COLUMN IF NOT EXISTS scan_target VARCHAR DEFAULT '';
