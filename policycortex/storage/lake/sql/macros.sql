-- Macros that several queries share. They live in each connection's own memory, not in the lake.
-- DuckLake reads the catalog's statistics of all files of all tables and days for every column of a lake table that a
-- filter or a join compares directly. Only organization and observed_date select files, so only they are compared
-- directly: scan_at is compared as microseconds, and queries join the other columns of the selection as one row value.

-- The period-end posture's selection of scans (see period_end_scans), made for each day by itself.
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

-- Whether a report's scope keeps a finding; an empty list filters nothing.
CREATE OR REPLACE MACRO memory.main.in_scope(environment_, provider_, account_id_, environments_, providers_, accounts_) AS
    (len(environments_::VARCHAR[]) = 0 OR list_contains(environments_::VARCHAR[], environment_))
    AND (len(providers_::VARCHAR[]) = 0 OR list_contains(providers_::VARCHAR[], provider_))
    AND (len(accounts_::VARCHAR[]) = 0 OR list_contains(accounts_::VARCHAR[], account_id_));

-- Whether a waiver's check, account and resource pattern match a finding; NULL matches all.
CREATE OR REPLACE MACRO memory.main.waiver_covers(
    waiver_check_id_, waiver_account_id_, waiver_glob_, check_id_, account_id_, resource_uid_
) AS
    (waiver_check_id_ IS NULL OR waiver_check_id_ = check_id_)
    AND (waiver_account_id_ IS NULL OR waiver_account_id_ = account_id_)
    AND (waiver_glob_ IS NULL OR resource_uid_ GLOB waiver_glob_);

-- Whether a waiver holds in a framework. Queries that serve all frameworks at once (waived, daily_waived) return
-- framework and requirement of each waiver instead, and scoring decides for each framework.
CREATE OR REPLACE MACRO memory.main.waiver_holds_for(waiver_framework_, framework_id_) AS
    waiver_framework_ IS NULL OR waiver_framework_ = framework_id_;

-- Whether waivers cover a finding as a whole: one names no requirement, or together they name each requirement that the
-- finding is listed under. NULL requirements (no relations) are covered by the first kind only.
CREATE OR REPLACE MACRO memory.main.is_waived_for(is_whole_, waived_requirements_, requirements_) AS
    is_whole_ OR (len(requirements_) > 0 AND list_has_all(waived_requirements_, requirements_));
