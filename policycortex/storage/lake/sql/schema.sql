-- All tables of the lake. Safe to run again. Grain stands above each table.
CREATE SCHEMA IF NOT EXISTS lake.raw;
CREATE SCHEMA IF NOT EXISTS lake.core;
CREATE SCHEMA IF NOT EXISTS lake.marts;

-- One schema version that was applied; written last.
CREATE TABLE IF NOT EXISTS lake.core.schema_version (version INTEGER, applied_at TIMESTAMPTZ);

-- One imported file of an organisation; import_id is a digest of organisation, content and the target given for it.
CREATE TABLE IF NOT EXISTS lake.raw.imports (
    import_id VARCHAR, organization VARCHAR, file_name VARCHAR, content_sha256 VARCHAR, format VARCHAR, source VARCHAR,
    read_count BIGINT, kept_count BIGINT, quarantined_count BIGINT, byte_count BIGINT,
    first_date DATE, last_date DATE, dates DATE[], imported_at TIMESTAMPTZ
);

-- One record of a file that could not be kept.
CREATE TABLE IF NOT EXISTS lake.raw.quarantine (
    import_id VARCHAR, organization VARCHAR, file_name VARCHAR, record_no BIGINT,
    byte_offset BIGINT, byte_length BIGINT, reason VARCHAR, raw_text VARCHAR
);

-- One fact about a file that is no record: a problem of the scan, a field that was dropped; since version 4.
CREATE TABLE IF NOT EXISTS lake.raw.import_notes (
    import_id VARCHAR, organization VARCHAR, note_no BIGINT, kind VARCHAR, text VARCHAR, note_count BIGINT
);

-- One scan of a file that has no findings; checks is empty where the file lists none; since version 4.
CREATE TABLE IF NOT EXISTS lake.raw.clean_scans (
    import_id VARCHAR, organization VARCHAR, source VARCHAR, account_id VARCHAR, scanned_at TIMESTAMPTZ,
    checks VARCHAR[], scan_key VARCHAR, scan_target VARCHAR, listing VARCHAR
);

-- One scan target of a file, and how it was found; since version 6.
CREATE TABLE IF NOT EXISTS lake.raw.scan_targets (
    import_id VARCHAR, organization VARCHAR, scan_target VARCHAR, target_origin VARCHAR, findings BIGINT
);

-- One finding as it stood in one file; (import_id, finding_no) is unique. Texts that findings share are in check_texts.
CREATE TABLE IF NOT EXISTS lake.core.findings (
    organization VARCHAR, observed_date DATE, import_id VARCHAR, finding_no BIGINT, record_no BIGINT,
    scan_key VARCHAR, scan_uid VARCHAR, source VARCHAR, source_version VARCHAR,
    provider VARCHAR, account_id VARCHAR, account_name VARCHAR, region VARCHAR, service VARCHAR,
    check_id VARCHAR, mapping_id VARCHAR, text_id VARCHAR, status VARCHAR, severity VARCHAR, is_muted BOOLEAN,
    status_detail VARCHAR, finding_uid VARCHAR, resource_uid VARCHAR, resource_name VARCHAR, resource_type VARCHAR,
    environment_tag VARCHAR, tags VARCHAR, observed_at TIMESTAMPTZ, content_digest UBIGINT, is_exposed BOOLEAN,
    scan_target VARCHAR, listing VARCHAR, scan_at TIMESTAMPTZ
);

-- One requirement named by the findings that share a mapping_id, in the scanner's spelling.
CREATE TABLE IF NOT EXISTS lake.core.mappings (
    organization VARCHAR, mapping_id VARCHAR, framework_key VARCHAR, requirement_uid VARCHAR
);

-- One distinct set of texts that findings carry; text_id is its digest.
CREATE TABLE IF NOT EXISTS lake.core.check_texts (
    organization VARCHAR, text_id VARCHAR, title VARCHAR, description VARCHAR, risk VARCHAR,
    remediation VARCHAR, remediation_url VARCHAR
);

-- One finding of one scan on one day, counted once however many files brought it.
CREATE TABLE IF NOT EXISTS lake.core.finding_state (
    organization VARCHAR, observed_date DATE, scan_key VARCHAR, source VARCHAR, provider VARCHAR, account_id VARCHAR,
    region VARCHAR, environment VARCHAR, service VARCHAR, check_id VARCHAR, mapping_id VARCHAR, text_id VARCHAR,
    status VARCHAR, severity VARCHAR, is_muted BOOLEAN, finding_uid VARCHAR, resource_uid VARCHAR,
    resource_type VARCHAR, observed_at TIMESTAMPTZ, import_id VARCHAR, finding_no BIGINT, is_exposed BOOLEAN,
    scan_target VARCHAR, listing VARCHAR, scan_at TIMESTAMPTZ
);

-- One check that one scan looked at in one target and region on one day; the check is empty for a scan without findings.
-- scan_at is the scan's time for the account that day, seen_at the newest time of its findings.
CREATE TABLE IF NOT EXISTS lake.core.scan_coverage (
    organization VARCHAR, observed_date DATE, source VARCHAR, provider VARCHAR, account_id VARCHAR, region VARCHAR,
    check_id VARCHAR, scan_key VARCHAR, scan_at TIMESTAMPTZ, findings BIGINT, scan_target VARCHAR, listing VARCHAR,
    seen_at TIMESTAMPTZ, is_whole_target BOOLEAN
);

-- One day whose state was built, and how many imports had touched it then: more now means it is stale.
CREATE TABLE IF NOT EXISTS lake.core.day_builds (observed_date DATE, import_count BIGINT);

-- Findings of one scan and day by all that a score or a filter asks for; each counts in exactly one of the four.
CREATE TABLE IF NOT EXISTS lake.marts.check_tallies (
    organization VARCHAR, observed_date DATE, scan_key VARCHAR, source VARCHAR, provider VARCHAR, account_id VARCHAR,
    environment VARCHAR, service VARCHAR, check_id VARCHAR, mapping_id VARCHAR, severity VARCHAR,
    passed BIGINT, failed BIGINT, manual BIGINT, muted BIGINT, scan_target VARCHAR
);

-- One requirement of one framework and edition, judged on one day's period-end posture.
CREATE TABLE IF NOT EXISTS lake.marts.requirement_results (
    organization VARCHAR, observed_date DATE, framework_id VARCHAR, requirement_no BIGINT, requirement_id VARCHAR,
    result VARCHAR, passed BIGINT, failed BIGINT, manual BIGINT, muted BIGINT, waived BIGINT
);

-- One score model of one framework and edition on one day's period-end posture; value_pct NULL where nothing was assessed.
CREATE TABLE IF NOT EXISTS lake.marts.framework_scores (
    organization VARCHAR, observed_date DATE, framework_id VARCHAR, framework_version VARCHAR,
    crosswalk_version VARCHAR, model VARCHAR, model_version VARCHAR, value_pct DOUBLE, numerator DOUBLE,
    denominator DOUBLE, muted BIGINT, waived BIGINT, manual BIGINT, assessed BIGINT, total BIGINT,
    critical BIGINT, high BIGINT, medium BIGINT, low BIGINT, informational BIGINT
);

-- Since version 5: whether the scanner's categories say that the resource is publicly reachable; NULL without them.
ALTER TABLE lake.core.findings ADD COLUMN IF NOT EXISTS is_exposed BOOLEAN;
ALTER TABLE lake.core.finding_state ADD COLUMN IF NOT EXISTS is_exposed BOOLEAN;
-- Which relations the results are of; results older than version 7 are of the scanner's own.
ALTER TABLE lake.marts.requirement_results ADD COLUMN IF NOT EXISTS edition VARCHAR DEFAULT 'scanner';
ALTER TABLE lake.marts.framework_scores ADD COLUMN IF NOT EXISTS edition VARCHAR DEFAULT 'scanner';

ALTER TABLE lake.core.findings SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.core.finding_state SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.core.scan_coverage SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.check_tallies SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.requirement_results SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.framework_scores SET PARTITIONED BY (organization, observed_date);

