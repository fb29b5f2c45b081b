-- Grain: one owner (field 'owners'), one value of a tag in $keys ('tags.<key>'), or one key of tags ('tags') among the
-- organisation's findings of the period's UTC days, with their number.
WITH sets AS (
    SELECT tags, count(*) AS findings
    FROM lake.core.findings
    WHERE organization = $organization AND observed_date BETWEEN $first_date AND $last_date
    GROUP BY tags
),
tagged AS (
    SELECT unnest(map_entries(tags::JSON::MAP(VARCHAR, VARCHAR)), recursive := true), findings FROM sets
),
found AS (
    SELECT 'owners' AS field, coalesce(owner_of(tags, $owner_tags), $no_owner) AS label, findings FROM sets
    UNION ALL
    SELECT 'tags.' || key, value, findings FROM tagged WHERE list_contains($keys::VARCHAR[], key)
    UNION ALL
    SELECT 'tags', key, findings FROM tagged
)
SELECT field, label, sum(findings)::BIGINT AS findings
FROM found
GROUP BY ALL
ORDER BY field, findings DESC, label
