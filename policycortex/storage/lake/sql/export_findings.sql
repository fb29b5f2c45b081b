-- Grain: one finding of the period-end posture in scope, in the total order of the findings table, from $first_check under
-- $first_rank to $last_check under $last_rank; texts and requirements are joined to the stream later. $least_check and
-- $greatest_check are the first and last of these checks by name: days' files are sorted by check and status. Of these
-- findings $limit after $skipped ones; NULL: all. Only findings of $ranks and of $check_ids, unless those lists are empty.
-- With relations (provider, check_id, mapping_id, requirement_id, ordinal) only findings that they name, else all.
-- A failing finding is waived when waivers cover every requirement that it is listed under. first_failed_on: first day of the
-- unbroken failing; NULL where it does not fail. A scan of one file has that file's name, others have their key.
-- Ages are joined by a short key: a comparison of row values with a further condition compares each finding with each age, and
-- the values take more memory than there is. For memory, too, details are read of the found ones alone.
WITH listed AS (
    SELECT provider, check_id, mapping_id, list(requirement_id) AS requirements
    FROM relations
    GROUP BY ALL
),
found AS (
    SELECT t.*, finding_rank(t.status, t.severity) AS rank_
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND (NOT $is_related OR (t.provider, t.check_id, t.mapping_id) IN (
            SELECT (provider, check_id, mapping_id) FROM listed))
        AND (len($ranks::INTEGER[]) = 0 OR list_contains($ranks::INTEGER[], rank_))
        AND (len($check_ids::VARCHAR[]) = 0 OR list_contains($check_ids::VARCHAR[], t.check_id))
        AND (rank_ > $first_rank OR (rank_ = $first_rank AND t.check_id >= $first_check))
        AND (rank_ < $last_rank OR (rank_ = $last_rank AND t.check_id <= $last_check))
        AND t.check_id BETWEEN $least_check AND $greatest_check AND t.status BETWEEN $first_status AND $last_status
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
    ORDER BY rank_, t.check_id, t.account_id, t.region, t.resource_uid, t.finding_uid, t.import_id, t.finding_no
    LIMIT $limit OFFSET $skipped
),
reached AS (
    SELECT f.import_id, f.finding_no, any_value(l.requirements) AS requirements,
        bool_or(w.requirement_id IS NULL) AS is_whole, list(DISTINCT w.requirement_id) AS reached
    FROM found f JOIN waivers w
        ON waiver_holds_for(w.framework, $framework_id)
        AND waiver_covers(w.check_id, w.account_id, w.resource_glob, f.check_id, f.account_id, f.resource_uid)
        LEFT JOIN listed l ON l.provider = f.provider AND l.check_id = f.check_id AND l.mapping_id = f.mapping_id
    WHERE f.status = 'FAIL' AND NOT f.is_muted
    GROUP BY f.import_id, f.finding_no
),
waived AS (
    SELECT import_id, finding_no
    FROM reached
    WHERE is_waived_for(is_whole, reached, requirements)
),
details AS (
    SELECT d.import_id, d.finding_no, d.status_detail, d.resource_name, d.account_name, d.source_version
    FROM lake.core.findings d SEMI JOIN found f ON d.import_id = f.import_id AND d.finding_no = f.finding_no
    WHERE d.organization = $organization AND d.observed_date BETWEEN $first_date AND $last_date
        AND d.check_id BETWEEN $least_check AND $greatest_check
),
failing AS (
    SELECT md5_number(concat_ws(chr(31), observed_date, scan_key, source, account_id, scan_target, region, check_id,
        resource_uid)) AS key_, min(failing_since) AS failing_since
    FROM failing_since
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
        AND check_id BETWEEN $least_check AND $greatest_check
    GROUP BY key_
)
SELECT f.finding_uid, f.check_id, f.status, f.severity, f.is_muted AS muted, w.finding_no IS NOT NULL AS waived,
    f.provider, f.account_id, f.region, f.environment, f.service, f.resource_uid, f.resource_type, f.observed_at,
    f.mapping_id, f.text_id, d.status_detail, d.resource_name, d.account_name,
    CASE WHEN f.status = 'FAIL' THEN coalesce(a.failing_since, f.observed_date) END AS first_failed_on,
    f.source, d.source_version, CASE WHEN is_one_scan(f.scan_key) THEN f.scan_key ELSE i.file_name END AS scan,
    i.file_name AS source_file, i.content_sha256 AS source_file_sha256
FROM found f
    LEFT JOIN waived w ON w.import_id = f.import_id AND w.finding_no = f.finding_no
    LEFT JOIN details d ON d.import_id = f.import_id AND d.finding_no = f.finding_no
    LEFT JOIN lake.raw.imports i ON i.organization = f.organization AND i.import_id = f.import_id
    LEFT JOIN failing a
        ON a.key_ = md5_number(concat_ws(chr(31), f.observed_date, f.scan_key, f.source, f.account_id, f.scan_target,
            f.region, f.check_id, f.resource_uid))
ORDER BY f.rank_, f.check_id, f.account_id, f.region, f.resource_uid, f.finding_uid, f.import_id, f.finding_no
