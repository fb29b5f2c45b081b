-- The period-end posture's choice of scans, shared by every reader. Made in each connection's own memory, not in the lake.
-- For every column of a lake table that a filter or a join compares bare, DuckLake reads the catalog's statistics of all
-- files of all tables and days. Only organization and observed_date find files, so only they stand bare: scan_at is
-- compared as microseconds, and readers join the rest of the choice as one row of columns.

-- The same choice made for each day by itself.
CREATE OR REPLACE MACRO memory.main.daily_period_end_scans(organization_, first_date_, last_date_, start_at_, end_at_) AS TABLE
WITH seen AS (
    SELECT DISTINCT source, provider, account_id, check_id, scan_key, scan_at, observed_date
    FROM lake.core.scan_coverage
    WHERE organization = organization_ AND observed_date BETWEEN first_date_ AND last_date_
        AND epoch_us(scan_at) >= epoch_us(start_at_) AND epoch_us(scan_at) < epoch_us(end_at_)
),
chosen AS (
    SELECT observed_date, source, provider, account_id, check_id, arg_max(scan_key, (scan_at, scan_key)) AS scan_key
    FROM seen
    GROUP BY ALL
)
SELECT observed_date, source, provider, account_id, check_id, scan_key FROM chosen;

-- A finding's place in the findings table: failing before manual before passing, then worst severity.
CREATE OR REPLACE MACRO memory.main.finding_rank(status_, severity_) AS
    10 * list_position(['FAIL', 'MANUAL', 'PASS'], status_)
    + list_position(['critical', 'high', 'medium', 'low', 'informational'], severity_);
