-- A lake at a snapshot before version 9 has given no numbers.
CREATE OR REPLACE VIEW memory.main.poam_items AS
SELECT '' AS organization, 0::BIGINT AS number, '' AS source, '' AS provider, '' AS account_id, '' AS check_id,
    NULL::TIMESTAMPTZ AS seen_at, NULL::TIMESTAMPTZ AS scan_at, '' AS scan_key, NULL::TIMESTAMPTZ AS numbered_at
WHERE false;
