-- Tables of trends, risk and changes. Safe to run again. Grain stands above each table.

-- One key (check on a resource) that fails, muted or not, in one scan on one day, and the first day of its unbroken failing.
CREATE TABLE IF NOT EXISTS lake.core.failing_since (
    organization VARCHAR, observed_date DATE, scan_key VARCHAR, source VARCHAR, provider VARCHAR, account_id VARCHAR,
    region VARCHAR, environment VARCHAR, check_id VARCHAR, resource_uid VARCHAR, severity VARCHAR,
    failing_since DATE, findings BIGINT, scan_target VARCHAR, mapping_id VARCHAR, is_muted BOOLEAN
);

-- Findings of one scan and day alike in all that risk asks for; those that fail stand apart by the day they fail since.
-- Checks whose findings neither pass nor fail are there, too: their scan may be the newest.
CREATE TABLE IF NOT EXISTS lake.marts.risk_tallies (
    organization VARCHAR, observed_date DATE, scan_key VARCHAR, scan_at TIMESTAMPTZ, source VARCHAR, provider VARCHAR,
    account_id VARCHAR, environment VARCHAR, service VARCHAR, check_id VARCHAR, mapping_id VARCHAR, title VARCHAR,
    severity VARCHAR, failing_since DATE, passed BIGINT, failed BIGINT, is_exposed BOOLEAN, resource_uid VARCHAR,
    scan_target VARCHAR
);

-- Keys of one check and severity that stopped failing on one day, by the day they began; not remediated means muted or lost
-- from sight.
CREATE TABLE IF NOT EXISTS lake.marts.remediations (
    organization VARCHAR, observed_date DATE, provider VARCHAR, account_id VARCHAR, environment VARCHAR,
    severity VARCHAR, opened_date DATE, is_remediated BOOLEAN, findings BIGINT, check_id VARCHAR, mapping_id VARCHAR
);

-- Risk of one place (total, account, service, provider, environment, framework) on one day's period-end posture.
CREATE TABLE IF NOT EXISTS lake.marts.risk (
    organization VARCHAR, observed_date DATE, dimension VARCHAR, label VARCHAR, risk_version VARCHAR, value DOUBLE,
    severity DOUBLE, exposure DOUBLE, age DOUBLE, environment DOUBLE, failed BIGINT, assessed BIGINT,
    worst DOUBLE, others DOUBLE, band VARCHAR, share_pct DOUBLE
);

-- What one cause did to one framework's score from previous_date to observed_date; points are an exact fraction.
CREATE TABLE IF NOT EXISTS lake.marts.changes (
    organization VARCHAR, observed_date DATE, previous_date DATE, framework_id VARCHAR, cause VARCHAR,
    findings BIGINT, passed BIGINT, failed BIGINT, points VARCHAR
);

-- Since version 5: exposure as in core.findings; the first failing resource by name; risk version 3, whose band follows
-- the worst finding's points, and beside it the share of what is at stake that fails.
ALTER TABLE lake.marts.risk_tallies ADD COLUMN IF NOT EXISTS is_exposed BOOLEAN;
ALTER TABLE lake.marts.risk_tallies ADD COLUMN IF NOT EXISTS resource_uid VARCHAR;
ALTER TABLE lake.marts.risk ADD COLUMN IF NOT EXISTS worst DOUBLE;
ALTER TABLE lake.marts.risk ADD COLUMN IF NOT EXISTS others DOUBLE;
ALTER TABLE lake.marts.risk ADD COLUMN IF NOT EXISTS band VARCHAR;
ALTER TABLE lake.marts.risk ADD COLUMN IF NOT EXISTS share_pct DOUBLE;
-- Which relations a framework's causes are of; those older than version 7 are of the scanner's own.
ALTER TABLE lake.marts.changes ADD COLUMN IF NOT EXISTS edition VARCHAR DEFAULT 'scanner';

ALTER TABLE lake.core.failing_since SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.risk_tallies SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.remediations SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.risk SET PARTITIONED BY (organization, observed_date);
ALTER TABLE lake.marts.changes SET PARTITIONED BY (organization, observed_date);
