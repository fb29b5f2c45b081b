-- What tables of version 6 lack. Safe to run again. Ages and remediations of all days are built again after it.
ALTER TABLE lake.core.failing_since ADD COLUMN IF NOT EXISTS mapping_id VARCHAR;
ALTER TABLE lake.core.failing_since ADD COLUMN IF NOT EXISTS is_muted BOOLEAN;
ALTER TABLE lake.marts.remediations ADD COLUMN IF NOT EXISTS check_id VARCHAR;
ALTER TABLE lake.marts.remediations ADD COLUMN IF NOT EXISTS mapping_id VARCHAR;
