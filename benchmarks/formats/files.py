"""``python -m benchmarks.formats.files FOLDER FINDINGS``: one file of each format with so many findings.

Records have the fields and the lengths that the tools write. Every tenth finding passes, the others fail.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TEXT = "Opening access to all addresses is to be avoided: name the addresses or ranges that are really needed. "
_PER_GROUP = 4
_CONTROLS = 200


def main(folder: str, findings: str) -> None:
    """Write all files."""
    path, count = Path(folder), int(findings)
    path.mkdir(parents=True, exist_ok=True)
    write(path / "trivy.json", _trivy(count, _PER_GROUP))
    write(path / "trivy_one_target.json", _trivy(count, count))
    write(path / "kube_bench.json", _kube_bench(count))
    write(path / "powerpipe.json", _powerpipe(count))
    write(path / "scc.json", [_scc(number) for number in range(count)])
    _write_csv(path / "powerpipe.csv", (_powerpipe_row(number) for number in range(count)))
    _write_csv(path / "prowler.csv", (_prowler_row(number) for number in range(count)), delimiter=";")
    _write_csv(path / "defender.csv", (_defender_row(number) for number in range(count)))
    records = [_lake(number) for number in range(count)]
    write(path / "security_lake.json", records)
    _write_parquet(path / "security_lake.parquet", records)


def write(path: Path, document: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write JSON with the indent that most tools use."""
    with path.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)


def _status(number: int, passed: str, failed: str) -> str:
    return failed if number % 10 else passed


def _trivy(count: int, per_target: int) -> dict[str, Any]:
    results = [
        {
            "Target": f"modules/m{first}/main.tf",
            "Class": "config",
            "Type": "terraform",
            "MisconfSummary": {"Successes": 20, "Failures": per_target},
            "Misconfigurations": [_misconfiguration(number) for number in range(first, min(first + per_target, count))],
        }
        for first in range(0, count, per_target)
    ]
    return {
        "SchemaVersion": 2,
        "CreatedAt": "2026-09-15T03:00:00.123456789Z",
        "ArtifactName": "shop",
        "ArtifactType": "filesystem",
        "Results": results,
    }


def _misconfiguration(number: int) -> dict[str, Any]:
    lines = [
        {"Number": line, "Content": "    cidr_blocks = var.addresses", "IsCause": True, "Annotation": "",
         "Truncated": False, "FirstCause": line == 10, "LastCause": line == 14}
        for line in range(10, 15)
    ]  # fmt: skip
    return {
        "Type": "Terraform Security Check",
        "ID": f"AVD-AWS-{number % 150:04d}",
        "AVDID": f"AVD-AWS-{number % 150:04d}",
        "Title": "Outgoing traffic is open to all addresses",
        "Description": _TEXT * 2,
        "Message": f"Security group rule {number} allows all addresses.",
        "Namespace": "builtin.aws.ec2.aws0104",
        "Query": "data.builtin.aws.ec2.aws0104.deny",
        "Resolution": "Name the addresses",
        "Severity": "CRITICAL",
        "PrimaryURL": "https://avd.aquasec.com/misconfig/avd-aws-0104",
        "References": ["https://docs.aws.amazon.com/", "https://avd.aquasec.com/misconfig/avd-aws-0104"],
        "Status": _status(number, "PASS", "FAIL"),
        "Layer": {},
        "CauseMetadata": {
            "Resource": f"aws_security_group.group-{number}",
            "Provider": "AWS",
            "Service": "ec2",
            "StartLine": 10,
            "EndLine": 14,
            "Code": {"Lines": lines},
        },
    }


def _kube_bench(count: int) -> dict[str, Any]:
    sections = [
        {
            "section": f"4.{first}",
            "type": "",
            "pass": 1,
            "fail": 9,
            "warn": 0,
            "info": 0,
            "desc": "Worker Node Configuration Files",
            "results": [_test(number) for number in range(first, min(first + 10, count))],
        }
        for first in range(0, count, 10)
    ]
    control = {"id": "4", "version": "cis-1.8", "text": "Worker Node", "node_type": "node", "tests": sections}
    return {"Controls": [control], "Totals": {"total_pass": 1, "total_fail": 9, "total_warn": 0, "total_info": 0}}


def _test(number: int) -> dict[str, Any]:
    remedy = "Run the command below on each worker node.\nchmod 600 /etc/kubernetes/kubelet.conf\n"
    return {
        "test_number": f"4.{number % 13}.{number % 10}",
        "test_desc": "Permissions of the kubelet's service file are 600 or stricter (Automated)",
        "audit": "/bin/sh -c 'if test -e $kubeletsvc; then stat -c permissions=%a $kubeletsvc; fi' ",
        "AuditEnv": "",
        "AuditConfig": "",
        "type": "",
        "remediation": remedy,
        "test_info": [remedy],
        "status": _status(number, "PASS", "FAIL"),
        "actual_value": "permissions=644",
        "scored": True,
        "IsMultiple": False,
        "expected_result": "permissions has permissions 644, expected 600 or more restrictive",
    }


def _powerpipe(count: int) -> dict[str, Any]:
    per_control = -(-count // _CONTROLS)
    controls = [
        {
            "summary": {"alarm": 9, "ok": 1, "info": 0, "skip": 0, "error": 0},
            "results": [_row(number) for number in range(first, min(first + per_control, count))],
            "control_id": f"aws_compliance.control.cis_v140_{first}",
            "description": _TEXT,
            "severity": "high",
            "tags": {"plugin": "aws", "service": "AWS/S3", "cis_version": "v1.4.0", "cis_item_id": "2.1.5"},
            "title": "Buckets are not public",
            "run_status": 4,
            "run_error": "",
        }
        for first in range(0, count, per_control)
    ]
    group = {"group_id": "aws_compliance.benchmark.cis_v140", "title": "CIS", "groups": [], "controls": controls}
    return {"group_id": "root_result_group", "title": "", "groups": [group], "controls": None}


def _row(number: int) -> dict[str, Any]:
    return {
        "reason": f"bucket-{number} is open to the public by its policy.",
        "resource": f"arn:aws:s3:::bucket-{number}",
        "status": _status(number, "ok", "alarm"),
        "dimensions": [{"key": "region", "value": "eu-west-1"}, {"key": "account_id", "value": "111122223333"}],
    }


def _powerpipe_row(number: int) -> dict[str, str]:
    return {
        "group_id": "aws_compliance.benchmark.cis_v140",
        "title": "CIS v1.4.0",
        "description": _TEXT * 3,
        "control_id": f"aws_compliance.control.cis_v140_{number % _CONTROLS}",
        "control_title": "2.1.5 Ensure that buckets are not public",
        "control_description": _TEXT,
        "reason": f"bucket-{number} is open to the public by its policy.",
        "resource": f"arn:aws:s3:::bucket-{number}",
        "status": _status(number, "ok", "alarm"),
        "severity": "high",
        "account_id": "111122223333",
        "region": "eu-west-1",
        "category": "Compliance",
        "cis": "true",
        "cis_item_id": "2.1.5",
        "cis_level": "1",
        "cis_section_id": "2.1",
        "cis_type": "automated",
        "cis_version": "v1.4.0",
        "plugin": "aws",
        "service": "AWS/S3",
    }


def _scc(number: int) -> dict[str, Any]:
    name = f"sources/22/findings/{number:032x}"
    properties = {
        "Recommendation": _TEXT, "Explanation": _TEXT, "ScannerName": "STORAGE_SCANNER", "ReactivationCount": 0,
        "ExceptionInstructions": _TEXT, "ResourcePath": ["projects/shop-prod/", "organizations/1/"],
        "compliance_standards": {"cis": [{"version": "1.2", "ids": ["5.1"]}], "pci": [{"ids": ["7.1"]}]},
    }  # fmt: skip
    return {
        "finding": {
            "canonicalName": f"projects/77/{name}",
            "category": f"CATEGORY_{number % 150}",
            "compliances": [{"standard": "cis", "version": "1.2", "ids": ["5.1"]}, {"standard": "pci", "ids": ["7.1"]}],
            "createTime": "2026-03-01T10:00:00.123Z",
            "description": _TEXT,
            "eventTime": "2026-09-14T10:00:00.456789Z",
            "externalUri": "https://console.cloud.google.com/storage/browser/bucket",
            "findingClass": "MISCONFIGURATION",
            "mute": "UNDEFINED",
            "name": f"organizations/1/{name}",
            "nextSteps": _TEXT,
            "parent": "organizations/1/sources/22",
            "parentDisplayName": "Security Health Analytics",
            "resourceName": f"//storage.googleapis.com/bucket-{number}",
            "securityMarks": {"name": f"organizations/1/{name}/securityMarks"},
            "severity": "HIGH",
            "sourceProperties": properties,
            "state": _status(number, "INACTIVE", "ACTIVE"),
        },
        "resource": {
            "displayName": f"bucket-{number}",
            "folders": [{"resourceFolder": "//cloudresourcemanager.googleapis.com/folders/5"}],
            "name": f"//storage.googleapis.com/bucket-{number}",
            "parent": "//cloudresourcemanager.googleapis.com/projects/77",
            "parentDisplayName": "shop-prod",
            "project": "//cloudresourcemanager.googleapis.com/projects/77",
            "projectDisplayName": "shop-prod",
            "type": "google.cloud.storage.Bucket",
        },
    }


_PROWLER_COLUMNS = (
    "AUTH_METHOD", "TIMESTAMP", "ACCOUNT_UID", "ACCOUNT_NAME", "ACCOUNT_EMAIL", "ACCOUNT_ORGANIZATION_UID",
    "ACCOUNT_ORGANIZATION_NAME", "ACCOUNT_TAGS", "FINDING_UID", "PROVIDER", "CHECK_ID", "CHECK_TITLE", "CHECK_TYPE",
    "STATUS", "STATUS_EXTENDED", "MUTED", "SERVICE_NAME", "SUBSERVICE_NAME", "SEVERITY", "RESOURCE_TYPE",
    "RESOURCE_UID", "RESOURCE_NAME", "RESOURCE_DETAILS", "RESOURCE_TAGS", "PARTITION", "REGION", "DESCRIPTION", "RISK",
    "RELATED_URL", "REMEDIATION_RECOMMENDATION_TEXT", "REMEDIATION_RECOMMENDATION_URL", "REMEDIATION_CODE_NATIVEIAC",
    "REMEDIATION_CODE_TERRAFORM", "REMEDIATION_CODE_CLI", "REMEDIATION_CODE_OTHER", "COMPLIANCE", "CATEGORIES",
    "DEPENDS_ON", "RELATED_TO", "NOTES", "PROWLER_VERSION",
)  # fmt: skip
_COMPLIANCE = " | ".join(f"FRAMEWORK-{number}: cc_6_{number}, cc_7_{number}" for number in range(12))


def _prowler_row(number: int) -> dict[str, str]:
    row = dict.fromkeys(_PROWLER_COLUMNS, "")
    return row | {
        "AUTH_METHOD": "profile: default",
        "TIMESTAMP": "2026-09-15 03:00:00.913874",
        "ACCOUNT_UID": "111122223333",
        "ACCOUNT_NAME": "shop-prod",
        "FINDING_UID": f"prowler-aws-check_{number % 150}-111122223333-eu-west-1-bucket-{number}",
        "PROVIDER": "aws",
        "CHECK_ID": f"check_{number % 150}",
        "CHECK_TITLE": "Buckets are not public",
        "CHECK_TYPE": "Software and Configuration Checks",
        "STATUS": _status(number, "PASS", "FAIL"),
        "STATUS_EXTENDED": f"Bucket bucket-{number} is public.",
        "MUTED": "False",
        "SERVICE_NAME": "s3",
        "SEVERITY": "high",
        "RESOURCE_TYPE": "AwsS3Bucket",
        "RESOURCE_UID": f"arn:aws:s3:::bucket-{number}",
        "RESOURCE_NAME": f"bucket-{number}",
        "RESOURCE_TAGS": "Environment=prod | Owner=web",
        "PARTITION": "aws",
        "REGION": "eu-west-1",
        "DESCRIPTION": _TEXT,
        "RISK": _TEXT * 2,
        "REMEDIATION_RECOMMENDATION_TEXT": _TEXT,
        "REMEDIATION_RECOMMENDATION_URL": "https://hub.prowler.com/check/check",
        "REMEDIATION_CODE_TERRAFORM": 'resource "aws_s3_bucket_public_access_block" "x" {\n  bucket = "b"\n}',
        "COMPLIANCE": _COMPLIANCE,
        "CATEGORIES": "internet-exposed",
        "PROWLER_VERSION": "5.46.0",
    }


def _defender_row(number: int) -> dict[str, str]:
    return {
        "exportedTimestamp": "2026-09-15T03:00:00.3730000Z",
        "subscriptionId": "11112222-3333-4444-5555-666677778888",
        "subscriptionName": "shop",
        "resourceGroup": "shop",
        "resourceType": "virtualnetworks",
        "resourceName": f"net-{number}",
        "resourceId": f"/subscriptions/11112222/resourceGroups/shop/providers/x/virtualNetworks/net-{number}",
        "recommendationId": f"/subscriptions/11112222/providers/Microsoft.Security/assessments/{number}",
        "recommendationName": f"{number % 150:08x}-d481-44d7-91e5-efadf504f74a",
        "recommendationDisplayName": "Virtual networks are protected by Azure Firewall",
        "description": _TEXT,
        "remediationSteps": f"1. Open the page\n2. {_TEXT}",
        "severity": "Low",
        "state": _status(number, "Healthy", "Unhealthy"),
        "notApplicableReason": "",
        "firstEvaluationDate": "2026-06-14T03:00:00.373Z",
        "statusChangeDate": "2026-06-14T03:00:00.373Z",
        "controls": "Restrict unauthorized network access",
        "azurePortalRecommendationLink": "https://portal.azure.com/#blade/Microsoft_Azure_Security/Recommendations",
        "nativeCloudAccountId": "",
    }


def _lake(number: int) -> dict[str, Any]:
    return {
        "metadata": {
            "product": {"name": "Security Hub", "uid": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
                        "vendor_name": "AWS", "version": "2018-10-08", "feature": {"uid": "security-control/S3.8"}},
            "version": "1.1.0", "profiles": ["cloud", "datetime"],
        },
        "time": 1_789_441_200_000 + number,
        "class_uid": 2003, "class_name": "Compliance Finding", "category_uid": 2, "type_uid": 200302,
        "activity_id": 2, "severity_id": 4, "severity": "High", "status_id": 1, "status": "New",
        "finding_info": {"uid": f"arn:aws:securityhub:eu-west-1:111122223333:finding/{number:032x}",
                         "title": "Buckets block public access", "desc": _TEXT * 2,
                         "types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
                         "created_time": 1_789_000_000_000, "modified_time": 1_789_441_200_000},
        "cloud": {"provider": "AWS", "region": "eu-west-1", "account": {"uid": "111122223333", "name": "shop"}},
        "resource": {"uid": f"arn:aws:s3:::bucket-{number}", "type": "AwsS3Bucket", "region": "eu-west-1",
                     "data": json.dumps({"CreatedAt": "2025-01-01", "OwnerId": _TEXT, "Name": f"bucket-{number}"})},
        "compliance": {"control": f"S3.{number % 150}", "status": _status(number, "Pass", "Fail"),
                       "status_id": int(_status(number, "1", "3")),
                       "requirements": ["NIST.800-53.r5 AC-3", "PCI DSS v4.0.1/1.4.4"],
                       "standards": ["standards/aws-foundational-security-best-practices/v/1.0.0"]},
        "remediation": {"desc": _TEXT, "references": ["https://docs.aws.amazon.com/console/securityhub/S3.8"]},
    }  # fmt: skip


def _write_csv(path: Path, rows: Iterator[dict[str, str]], *, delimiter: str = ",") -> None:
    first = next(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first), delimiter=delimiter)
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def _write_parquet(path: Path, records: list[dict[str, Any]]) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(pa.Table.from_pylist(records), path, compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:])
