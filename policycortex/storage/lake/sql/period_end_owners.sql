-- Grain: owner, by the resources' tags, with findings in the scope's period-end posture, most findings first; owners that
-- differ in upper and lower case only are one, in the spelling of most findings.
WITH owners AS (
    SELECT coalesce(owner_of(d.tags, $owner_tags), $no_owner) AS owner, count(*) AS findings
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
        JOIN lake.core.findings d
        ON d.organization = t.organization AND d.observed_date = t.observed_date
            AND (d.import_id, d.finding_no) = (t.import_id, t.finding_no)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
    GROUP BY ALL
)
SELECT arg_max(owner, (findings, owner)) AS owner, sum(findings)::BIGINT AS findings
FROM owners
GROUP BY lower(owner)
ORDER BY findings DESC, owner
