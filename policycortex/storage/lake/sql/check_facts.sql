-- Grain: provider and check; the texts its newest finding carries, its worst severity in the period-end posture.
WITH found AS (
    SELECT t.provider, t.check_id, t.text_id, t.service, t.severity, t.observed_at, t.import_id, t.finding_no
    FROM finding_state t
        SEMI JOIN period_end_scans c
        ON t.observed_date = c.observed_date AND
            (t.source, t.provider, t.account_id, t.scan_target, t.check_id, t.scan_key)
            = (c.source, c.provider, c.account_id, c.scan_target, c.check_id, c.scan_key)
    WHERE t.organization = $organization AND t.observed_date BETWEEN $first_date AND $last_date
        AND list_contains($check_ids::VARCHAR[], t.check_id)
        AND in_scope(t.environment, t.provider, t.account_id, $environments, $providers, $accounts)
),
newest AS (
    SELECT provider, check_id,
        arg_max(text_id, (observed_at, import_id, finding_no)) AS text_id,
        arg_max(service, (observed_at, import_id, finding_no)) AS service,
        arg_min(severity, list_position(['critical', 'high', 'medium', 'low', 'informational'], severity)) AS severity
    FROM found
    GROUP BY ALL
)
SELECT n.provider, n.check_id, x.title, x.description, x.risk, x.remediation, x.remediation_url, n.service, n.severity
FROM newest n JOIN lake.core.check_texts x ON x.text_id = n.text_id AND x.organization = $organization
ORDER BY n.provider, n.check_id
