-- Macros that several queries share. They live in each connection's own memory, not in the lake.
-- DuckLake reads the catalog's statistics of all files of all tables and days for every column of a lake table that a
-- filter or a join compares directly. Only organization and observed_date select files, so only they are compared
-- directly: scan_at is compared as microseconds, and queries join the other columns of the selection as one row value.

-- Whether a value is in a half-open span; NULL is no bound. Without bounds it is a constant, and reads no statistics.
CREATE OR REPLACE MACRO memory.main.is_within(value_, first_, end_) AS
    (first_ IS NULL OR value_ >= first_) AND (end_ IS NULL OR value_ < end_);

-- Whether a scan has an identity of its own, so that several files may be parts of it; a made key names the file.
CREATE OR REPLACE MACRO memory.main.is_one_scan(scan_key_) AS NOT regexp_matches(scan_key_, '^-[^/]+/[0-9a-f]{16}(/|$)');

-- Scans of the period. Grain: one check of one scan in one target on one UTC day.
CREATE OR REPLACE MACRO memory.main.seen_scans(organization_, first_date_, last_date_, start_at_, end_at_) AS TABLE
SELECT observed_date, source, provider, account_id, scan_target, check_id, scan_key, listing, max(scan_at) AS scan_at,
    max(coalesce(seen_at, scan_at)) AS seen_at, bool_or(is_whole_target) AS is_whole_target,
    sum(findings)::BIGINT AS findings
FROM scan_coverage
WHERE organization = organization_ AND observed_date BETWEEN first_date_ AND last_date_
    AND epoch_us(scan_at) >= epoch_us(start_at_) AND epoch_us(scan_at) < epoch_us(end_at_)
GROUP BY ALL;

-- What a newer scan replaces (findings/scan_targets.py, docs/scoring.md): which scans of the table seen_, of the columns of
-- seen_scans, have looked at a check in a scan target, with their rank. keys_ names the table of the checks and targets that
-- rows are added for: source, provider, account_id, scan_target, check_id. Grain: that of seen_scans, with all its rows; and,
-- with a null observed_date, one check, scan target and scan that looked there without an own row. A scan has looked at a
-- check in a target
--   * if it lists findings of the check there, or names the check as looked at without findings;
--   * if it lists failing findings only and is of this target: then at all checks;
--   * if it has an identity, lists the check in another target, and is known to have looked at the whole target: only scans
--     of several targets are read for this.
-- Rank: the newest time of the scan's findings, then its own time, then its key.
CREATE OR REPLACE MACRO memory.main.looked_by(seen_, keys_) AS TABLE
WITH scans AS (
    SELECT source, account_id, scan_key, {'seen_at': max(seen_at), 'scan_at': max(scan_at), 'scan_key': scan_key} AS rank_,
        count(DISTINCT scan_target) > 1 OR bool_or(listing = 'part') AS is_in_parts
    FROM query_table(seen_)
    GROUP BY source, account_id, scan_key
),
whole AS (
    SELECT DISTINCT source, provider, account_id, scan_target, scan_key FROM query_table(seen_) WHERE is_whole_target
),
looked AS (
    SELECT * EXCLUDE (is_whole_target) FROM query_table(seen_)
    UNION ALL BY NAME
    SELECT k.*, s.scan_key, s.listing
    FROM query_table(keys_) k JOIN (
        SELECT DISTINCT source, account_id, scan_target, scan_key, listing, check_id AS named
        FROM query_table(seen_)
        WHERE listing = 'failures' OR findings = 0
    ) s USING (source, account_id, scan_target)
    WHERE s.listing = 'failures' OR s.named = k.check_id
    UNION ALL BY NAME
    SELECT k.*, w.scan_key, 'results' AS listing
    FROM query_table(keys_) k
        JOIN whole w USING (source, provider, account_id, scan_target)
        SEMI JOIN (SELECT source, account_id, scan_key FROM scans WHERE is_in_parts) m USING (source, account_id, scan_key)
        SEMI JOIN (SELECT DISTINCT source, provider, account_id, check_id, scan_key FROM query_table(seen_)) c
        USING (source, provider, account_id, check_id, scan_key)
)
SELECT l.*, s.rank_ FROM looked l JOIN scans s USING (source, account_id, scan_key);

-- The scans of the period, with rows for all checks and targets that they have.
CREATE OR REPLACE MACRO memory.main.looked_scans(organization_, first_date_, last_date_, start_at_, end_at_) AS TABLE
WITH seen AS (
    FROM seen_scans(organization_, first_date_, last_date_, start_at_, end_at_)
),
keys AS (
    SELECT DISTINCT source, provider, account_id, scan_target, check_id FROM seen WHERE check_id <> ''
)
FROM looked_by('seen', 'keys');

-- Every scan of every check and scan target within the period. is_selected: it is part of the period-end posture; else
-- replaced_by is the key of the scan that replaced it. Of the scans that looked, the newest counts. A scan that is only a
-- part of one replaces nothing; the newest such scan since the last complete one counts in addition.
CREATE OR REPLACE MACRO memory.main.scan_choices(organization_, first_date_, last_date_, start_at_, end_at_) AS TABLE
WITH looked AS (
    FROM looked_scans(organization_, first_date_, last_date_, start_at_, end_at_)
),
chosen AS (
    SELECT source, provider, account_id, scan_target, check_id,
        max(rank_) FILTER (listing <> 'part') AS complete, max(rank_) FILTER (listing = 'part') AS partial
    FROM looked
    WHERE check_id <> ''
    GROUP BY ALL
)
SELECT e.* EXCLUDE (rank_),
    coalesce(e.rank_ = c.complete, false)
        OR (e.listing = 'part' AND e.rank_ = c.partial AND coalesce(e.rank_ > c.complete, true)) AS is_selected,
    CASE WHEN NOT is_selected
        THEN coalesce(CASE WHEN e.rank_ < c.complete THEN c.complete END, c.partial).scan_key END AS replaced_by
FROM looked e LEFT JOIN chosen c USING (source, provider, account_id, scan_target, check_id)
WHERE e.observed_date IS NOT NULL;

-- The selected scans of scan_choices. Grain: one day of one scan that counts for a check and a scan target.
CREATE OR REPLACE MACRO memory.main.period_end_scans(organization_, first_date_, last_date_, start_at_, end_at_) AS TABLE
SELECT source, provider, account_id, scan_target, check_id, scan_key, observed_date, max(scan_at) AS scan_at
FROM scan_choices(organization_, first_date_, last_date_, start_at_, end_at_)
WHERE is_selected
GROUP BY ALL;

-- What scans have looked at, by the rule of scan_choices, also where they found nothing. seen_ names a table with columns of
-- scan_coverage. Grain: one check in one scan target; check_id is '' for all checks. A scan that is only a part of one has
-- not looked at what it lacks.
CREATE OR REPLACE MACRO memory.main.covered_checks(seen_) AS TABLE
WITH seen AS (
    FROM query_table(seen_) WHERE listing <> 'part'
),
scans AS (
    SELECT DISTINCT source, provider, account_id, scan_key, check_id FROM seen WHERE check_id <> ''
),
whole AS (
    SELECT DISTINCT source, provider, account_id, scan_key, scan_target FROM seen WHERE is_whole_target
)
SELECT source, account_id, scan_target, check_id FROM seen WHERE check_id <> ''
UNION
SELECT source, account_id, scan_target, '' FROM seen WHERE listing = 'failures'
UNION
SELECT source, account_id, scan_target, check_id FROM whole JOIN scans USING (source, provider, account_id, scan_key);

-- The days from first_date_ to last_date_ on which a check was looked at in a target and region, of all organisations. A
-- scan that lists failing findings only has looked at every check that its target ever had in these days.
CREATE OR REPLACE MACRO memory.main.looked_days(first_date_, last_date_) AS TABLE
WITH seen AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id, listing = 'failures' AS is_all_checks,
        observed_date
    FROM scan_coverage
    WHERE observed_date BETWEEN first_date_ AND last_date_
),
keys AS (
    SELECT DISTINCT organization, source, account_id, scan_target, region, check_id FROM seen WHERE check_id <> ''
)
SELECT organization, source, account_id, scan_target, region, check_id, observed_date, is_all_checks
FROM seen WHERE check_id <> ''
UNION ALL
SELECT k.*, s.observed_date, true AS is_all_checks
FROM keys k JOIN (
    SELECT DISTINCT organization, source, account_id, scan_target, observed_date FROM seen WHERE is_all_checks
) s USING (organization, source, account_id, scan_target);

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

-- The owner that a resource's tags name; NULL for none. Of several tags the first in the order of owner_tags_ counts.
CREATE OR REPLACE MACRO memory.main.owner_of(tags_, owner_tags_) AS
    list_sort([
        {'place': list_position(owner_tags_::VARCHAR[], translate(lower(tag.key), '_ ', '--')), 'owner': trim(tag.value)}
        for tag in map_entries(tags_::JSON::MAP(VARCHAR, VARCHAR))
        if list_contains(owner_tags_::VARCHAR[], translate(lower(tag.key), '_ ', '--')) AND trim(tag.value) <> ''
    ])[1].owner;

-- Whether the scope of this connection (scope_views.py) keeps findings of a service and region; an empty list keeps all.
CREATE OR REPLACE MACRO memory.main.scope_keeps_place(service_, region_) AS
    (len(getvariable('scope_services')) = 0 OR list_contains(getvariable('scope_services'), lower(service_)))
    AND (len(getvariable('scope_regions')) = 0 OR list_contains(getvariable('scope_regions'), lower(region_)));

-- Whether it keeps findings of a resource with these tags: each tag has one of its values, and so has the owner.
CREATE OR REPLACE MACRO memory.main.scope_keeps_tags(tags_) AS
    len([
        1 for requested in getvariable('scope_tags')
        if list_contains(requested.accepted, coalesce((tags_::JSON::MAP(VARCHAR, VARCHAR))[requested.key], chr(0)))
    ]) = len(getvariable('scope_tags'))
    AND (len(getvariable('scope_owners')) = 0 OR list_contains(getvariable('scope_owners'),
        lower(coalesce(owner_of(tags_, getvariable('scope_owner_tags')), getvariable('scope_no_owner')))));
