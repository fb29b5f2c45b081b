-- Grain: one scan target of one source and account that was scanned from $earlier_date to the period's start, and not in the
-- period; columns of EARLIER_TARGETS_SCHEMA. With a scope, it had findings there.
SELECT c.source, c.provider, c.account_id, c.scan_target, max(c.scan_at) AS last_scan_at
FROM scan_coverage c
    SEMI JOIN (
        SELECT DISTINCT source, provider, account_id, scan_target
        FROM check_tallies
        WHERE organization = $organization AND observed_date BETWEEN $earlier_date AND $first_date
            AND in_scope(environment, provider, account_id, $environments, $providers, $accounts)
    ) t USING (source, provider, account_id, scan_target)
WHERE c.organization = $organization AND c.observed_date BETWEEN $earlier_date AND $last_date
    AND epoch_us(c.scan_at) < epoch_us($end_at)
GROUP BY ALL
HAVING epoch_us(last_scan_at) < epoch_us($start_at)
ORDER BY ALL
