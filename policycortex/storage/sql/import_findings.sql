-- Grain: one finding of the file. The digest tells whether two files say the same of a finding: it holds all that is
-- said of the resource, not the texts that describe the check.
INSERT INTO lake.core.findings BY NAME
SELECT $organization AS organization, $import_id AS import_id, observed_at::DATE AS observed_date,
    md5_number_lower(concat_ws(chr(31), finding_uid, check_id, status, severity, is_muted, status_detail, provider,
        account_id, region, service, resource_uid, resource_name, resource_type, coalesce(environment_tag, chr(30)),
        tags, mapping_id, epoch_us(observed_at))) AS content_digest,
    *
FROM read_parquet($path)
