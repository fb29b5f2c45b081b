"""OCSF records for tests, with the fields that Prowler writes."""

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from policycortex.findings.model import Finding, FindingParser, QuarantinedRecord


def ocsf_record(number: int = 0, **changes: object) -> dict[str, Any]:
    """One valid record; ``changes`` replace its top-level keys, None removes them."""
    record: dict[str, Any] = {
        "message": f"Bucket number-{number} is open.",
        "metadata": {
            "event_code": "s3_bucket_public_access",
            "product": {"name": "Prowler", "uid": "prowler", "vendor_name": "Prowler", "version": "5.46.0"},
            "version": "1.5.0",
        },
        "severity_id": 4,
        "severity": "High",
        "status": "New",
        "status_code": "FAIL",
        "status_detail": f"Bucket number-{number} is open.",
        "status_id": 1,
        "unmapped": {
            "compliance": {"SOC2": ["cc_6_1", "cc_6_6"], "HIPAA": ["164_312_a_1"]},
            "scan_id": "scan-1",
            "provider_uid": "111122223333",
            "provider": "aws",
        },
        "activity_name": "Create",
        "activity_id": 1,
        "finding_info": {
            "analytic": {"category": "s3", "uid": "s3_bucket_public_access"},
            "desc": "Buckets are closed to the public.",
            "title": "Bucket is not public",
            "uid": f"prowler-{number}",
        },
        "resources": [
            {
                "region": "eu-west-1",
                "data": {"details": "", "metadata": {"tags": [{"key": "a{b", "value": ']"x'}]}},
                "group": {"name": "s3"},
                "labels": ["Environment:prod", "Owner:web"],
                "name": f"number-{number}",
                "type": "AwsS3Bucket",
                "uid": f"arn:aws:s3:::number-{number}",
            }
        ],
        "category_uid": 2,
        "class_uid": 2004,
        "cloud": {"account": {"name": "shop", "uid": "111122223333"}, "provider": "AWS", "region": "eu-west-1"},
        "remediation": {"desc": "Close it.", "references": ["https://example.com/close"]},
        "risk_details": "Anyone can read.",
        "time": 1795449352,
        "time_dt": "2026-11-23T15:55:52.447700",
        "type_uid": 200401,
    }
    record |= changes
    return {key: value for key, value in record.items() if value is not None}


def array_text(records: Iterable[object], *, indent: int | None = 4) -> bytes:
    """Records as the array that Prowler writes."""
    texts = [json.dumps(record, indent=indent) for record in records]
    return ("[" + ",".join(texts) + "]").encode()


def parsed(parser: FindingParser, content: bytes) -> tuple[list[Finding], list[QuarantinedRecord]]:
    """All findings and all quarantined records of a file's content."""
    everything = list(parser(BytesIO(content)))
    good = [each for each in everything if isinstance(each, Finding)]
    return good, [each for each in everything if isinstance(each, QuarantinedRecord)]
