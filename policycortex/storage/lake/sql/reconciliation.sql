-- Grain: organisation and day; findings as each layer holds them. core_findings less the copies that several files
-- brought of one scan equals state_findings; that equals what coverage and tallies add up to.
WITH core AS (
    SELECT organization, observed_date, count(*) AS n
    FROM lake.core.findings WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
),
state AS (
    SELECT organization, observed_date, count(*) AS n
    FROM lake.core.finding_state WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
),
coverage AS (
    SELECT organization, observed_date, sum(findings)::BIGINT AS n
    FROM lake.core.scan_coverage WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
),
tallies AS (
    SELECT organization, observed_date, sum(passed + failed + manual + muted)::BIGINT AS n
    FROM lake.marts.check_tallies WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
),
single AS (
    SELECT organization, observed_date, sum(n)::BIGINT AS n
    FROM (
        SELECT organization, observed_date, max(n) AS n
        FROM (
            SELECT organization, observed_date, source, scan_target, scan_key, content_digest, import_id, count(*) AS n
            FROM lake.core.findings WHERE observed_date BETWEEN $first_date AND $last_date GROUP BY ALL
        )
        GROUP BY organization, observed_date, source, scan_target, scan_key, content_digest
    )
    GROUP BY ALL
)
SELECT organization, observed_date, coalesce(core.n, 0) AS core_findings, coalesce(single.n, 0) AS distinct_findings,
    coalesce(state.n, 0) AS state_findings, coalesce(coverage.n, 0) AS coverage_findings,
    coalesce(tallies.n, 0) AS tallied_findings,
    coalesce(single.n, 0) = coalesce(state.n, 0) AND coalesce(state.n, 0) = coalesce(coverage.n, 0)
        AND coalesce(state.n, 0) = coalesce(tallies.n, 0) AS is_reconciled
FROM core
    FULL JOIN single USING (organization, observed_date)
    FULL JOIN state USING (organization, observed_date)
    FULL JOIN coverage USING (organization, observed_date)
    FULL JOIN tallies USING (organization, observed_date)
WHERE list_contains($days::DATE[], observed_date)
ORDER BY observed_date, organization
