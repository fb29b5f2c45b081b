-- One row: findings of the organisation's newest scans within the days.
SELECT coalesce(sum(t.passed), 0)::BIGINT AS passed, coalesce(sum(t.failed), 0)::BIGINT AS failed
FROM check_tallies t
    SEMI JOIN period_end_scans($organization, $first_date, $last_date, $start_at, $end_at) c
    ON t.observed_date = c.observed_date AND
        (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
        = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
