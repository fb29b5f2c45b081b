-- What tables of version 8 lack. Safe to run again. Numbers are given once and never changed or deleted.

-- One number of a weakness, and a scan that saw it fail (scoring/poam.py).
CREATE TABLE IF NOT EXISTS lake.core.poam_items (
    organization VARCHAR, number BIGINT, source VARCHAR, provider VARCHAR, account_id VARCHAR, check_id VARCHAR,
    seen_at TIMESTAMPTZ, scan_at TIMESTAMPTZ, scan_key VARCHAR, numbered_at TIMESTAMPTZ
);
