-- The columns of a finding in core.findings, read by DuckDB alone. It fails on a damaged record.
COPY (
    SELECT finding_info.uid AS finding_uid, finding_info.title AS title, finding_info."desc" AS description, status_code,
        severity, status = 'Suppressed' AS is_muted, status_detail, risk_details, remediation."desc" AS remediation,
        remediation."references"[1] AS remediation_url, metadata.event_code AS check_id, metadata.product.name AS source,
        metadata.product.version AS source_version, cloud.provider AS provider, cloud.account.uid AS account_id,
        cloud.account.name AS account_name, coalesce(cloud.region, resources[1].region) AS region,
        resources[1]."group".name AS service, resources[1].uid AS resource_uid, resources[1].name AS resource_name,
        resources[1].type AS resource_type, resources[1].labels AS labels, unmapped.compliance AS compliance,
        make_timestamp(time * 1000000) AS observed_at
    FROM read_json($file, format = 'array', maximum_object_size = 16777216, columns = {
        'finding_info': 'STRUCT(uid VARCHAR, title VARCHAR, "desc" VARCHAR)',
        'status_code': 'VARCHAR', 'status': 'VARCHAR', 'severity': 'VARCHAR', 'status_detail': 'VARCHAR',
        'risk_details': 'VARCHAR', 'remediation': 'STRUCT("desc" VARCHAR, "references" VARCHAR[])',
        'metadata': 'STRUCT(event_code VARCHAR, product STRUCT(name VARCHAR, version VARCHAR))',
        'cloud': 'STRUCT(provider VARCHAR, region VARCHAR, account STRUCT(uid VARCHAR, name VARCHAR))',
        'resources': 'STRUCT(uid VARCHAR, name VARCHAR, type VARCHAR, region VARCHAR, "group" STRUCT(name VARCHAR), labels VARCHAR[])[]',
        'unmapped': 'STRUCT(compliance MAP(VARCHAR, VARCHAR[]))', 'time': 'BIGINT'
    })
) TO $out (FORMAT parquet, COMPRESSION zstd)
