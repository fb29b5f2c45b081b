"""Small files of every tool that is read, for tests: one record of each, and the document around its records."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFile:
    """How the files of one JSON format look."""

    record: Callable[[int], Record]
    """A failing record with a number of its own."""
    wrap: Callable[[Sequence[str]], str]
    """The document around records that are JSON texts."""
    identity: str
    """Key of the record that names the check, as a dotted path."""
    status: str
    """Key of the record that decides its status."""
    optional: str
    """Key of the record with a text that may be missing."""
    has_status_default: bool = False
    """True where the standard tells what a missing status means, or another field decides then."""


def _trivy(number: int) -> Record:
    return {
        "Type": "Terraform Security Check",
        "ID": "AVD-AWS-0104",
        "AVDID": "AVD-AWS-0104",
        "Title": "Outgoing traffic is open to all addresses",
        "Description": "Limit where traffic may go.",
        "Message": f"Group {number} allows all addresses.",
        "Resolution": "Name the addresses.",
        "Severity": "CRITICAL",
        "PrimaryURL": "https://avd.aquasec.com/misconfig/avd-aws-0104",
        "Status": "FAIL",
        "CauseMetadata": {
            "Resource": f"aws_security_group.group-{number}",
            "Provider": "AWS",
            "Service": "ec2",
            "StartLine": 7,
        },
    }


def trivy_report(results: str) -> str:
    """Trivy's report of a folder, around the text of its results."""
    return (
        '{"SchemaVersion": 2, "CreatedAt": "2026-11-23T15:55:52.123456789Z", "ArtifactName": "shop",'
        ' "ArtifactType": "filesystem", "Results": ' + results + "}"
    )


def _trivy_file(records: Sequence[str]) -> str:
    target = '{"Target": "main.tf", "Class": "config", "Type": "terraform", "Misconfigurations": [@]}'
    return trivy_report("[" + target.replace("@", ", ".join(records)) + "]")


def _trivy_cluster(records: Sequence[str]) -> str:
    target = '{"Target": "Deployment/web", "Class": "config", "Type": "kubernetes", "Misconfigurations": [@]}'
    resource = '{"Namespace": "shop", "Kind": "Deployment", "Name": "web", "Results": [@]}'
    return '{"ClusterName": "c1", "Resources": [@]}'.replace(
        "@", resource.replace("@", target.replace("@", ", ".join(records)))
    )


def _kube_bench(number: int) -> Record:
    return {
        "test_number": f"4.1.{number}",
        "test_desc": "File permissions are 600 or stricter",
        "audit": "stat -c %a /etc/kubernetes/kubelet.conf",
        "type": "",
        "remediation": "chmod 600 /etc/kubernetes/kubelet.conf",
        "status": "FAIL",
        "actual_value": "permissions=644",
        "scored": True,
        "expected_result": "permissions has permissions 644, expected 600",
    }


def _kube_bench_file(records: Sequence[str]) -> str:
    section = '{"section": "4.1", "desc": "Worker Node Configuration Files", "fail": 1, "results": [@]}'
    control = '{"id": "4", "version": "cis-1.8", "text": "Worker Node", "node_type": "node", "tests": [@]}'
    return '{"Controls": [@], "Totals": {"total_fail": 1}}'.replace(
        "@", control.replace("@", section.replace("@", ", ".join(records)))
    )


def _powerpipe(number: int) -> Record:
    return {
        "reason": f"Bucket {number} is public.",
        "resource": f"arn:aws:s3:::bucket-{number}",
        "status": "alarm",
        "dimensions": [{"key": "region", "value": "eu-west-1"}, {"key": "account_id", "value": "111122223333"}],
    }


def powerpipe_control(results: str, control_id: str = "aws_compliance.control.s3_public") -> str:
    """A control of Powerpipe, its keys behind the results as Powerpipe writes them."""
    tags = {"plugin": "aws", "service": "AWS/S3", "cis_version": "v1.4.0", "cis_item_id": "2.1.5"}
    return (
        '{"summary": {"alarm": 1}, "results": '
        + results
        + f', "control_id": "{control_id}", "description": "Closed buckets.", "severity": "high", "tags": '
        + json.dumps(tags)
        + ', "title": "Buckets are not public", "run_status": 4, "run_error": ""}'
    )


def powerpipe_group(controls: str) -> str:
    """A benchmark of Powerpipe with one group in it."""
    inner = '{"group_id": "aws_compliance.benchmark.s3", "title": "S3", "groups": [], "controls": @}'.replace(
        "@", controls
    )
    return '{"group_id": "root_result_group", "title": "", "groups": [@], "controls": null}'.replace("@", inner)


def _powerpipe_file(records: Sequence[str]) -> str:
    return powerpipe_group("[" + powerpipe_control("[" + ", ".join(records) + "]") + "]")


def _scc(number: int) -> Record:
    return {
        "finding": {
            "name": f"organizations/1/sources/2/findings/f{number}",
            "canonicalName": f"projects/77/sources/2/findings/f{number}",
            "parent": "organizations/1/sources/2",
            "resourceName": f"//storage.googleapis.com/bucket-{number}",
            "state": "ACTIVE",
            "category": "PUBLIC_BUCKET_ACL",
            "eventTime": "2026-11-20T10:00:00.5Z",
            "createTime": "2026-10-01T10:00:00Z",
            "severity": "HIGH",
            "mute": "UNMUTED",
            "findingClass": "MISCONFIGURATION",
            "description": "The bucket is open to all.",
            "nextSteps": "Remove allUsers.",
            "compliances": [{"standard": "cis", "version": "1.2", "ids": ["5.1"]}],
        },
        "resource": {
            "name": f"//storage.googleapis.com/bucket-{number}",
            "displayName": f"bucket-{number}",
            "type": "google.cloud.storage.Bucket",
            "project": "//cloudresourcemanager.googleapis.com/projects/77",
            "projectDisplayName": "shop-prod",
            "location": "europe-west1",
        },
    }


def _ocsf(number: int) -> Record:
    return {
        "metadata": {"event_code": "c1", "product": {"name": "Prowler", "version": "5.46.0"}},
        "severity_id": 4,
        "status_code": "FAIL",
        "status_id": 1,
        "status_detail": f"Bucket {number} is public.",
        "finding_info": {"uid": f"u{number}", "title": "Buckets are not public"},
        "resources": [{"uid": f"arn:aws:s3:::bucket-{number}", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}},
        "class_uid": 2004,
        "time": 1795449352,
    }


def _asff(number: int) -> Record:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8/finding/{number}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": "111122223333",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-11-20T10:00:00Z",
        "UpdatedAt": "2026-11-23T10:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Title": "Buckets block public access",
        "Description": "Closed buckets.",
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}", "Region": "eu-west-1"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


def _checkov(number: int) -> Record:
    return {
        "check_id": "CKV_AWS_18",
        "check_name": "Access is logged",
        "check_result": {"result": "FAILED"},
        "file_path": "/main.tf",
        "file_line_range": [1, 3],
        "resource": f"aws_s3_bucket.bucket-{number}",
        "severity": "HIGH",
        "guideline": "https://docs.example.com",
    }


def _checkov_file(records: Sequence[str]) -> str:
    results = '{"passed_checks": [], "failed_checks": [@], "skipped_checks": [], "parsing_errors": []}'.replace(
        "@", ", ".join(records)
    )
    summary = '{"passed": 0, "failed": 1, "resource_count": 1, "checkov_version": "3.2.0"}'
    return f'{{"check_type": "terraform", "results": {results}, "summary": {summary}}}'


def _sarif(number: int) -> Record:
    return {
        "ruleId": "open-bucket",
        "kind": "fail",
        "level": "error",
        "message": {"text": f"Bucket {number} is public."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "main.tf"}, "region": {"startLine": number}}}],
        "guid": f"g{number}",
    }


def _sarif_file(records: Sequence[str]) -> str:
    run = '{"tool": {"driver": {"name": "Linter", "rules": [{"id": "open-bucket"}]}}, "results": [@]}'
    document = '{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [@]}'
    return document.replace("@", run.replace("@", ", ".join(records)))


def _array(records: Sequence[str]) -> str:
    return "[" + ", ".join(records) + "]"


JSON_FILES: Final = {
    "trivy": ToolFile(record=_trivy, wrap=_trivy_file, identity="ID", status="Status", optional="Title"),
    "trivy of a cluster": ToolFile(
        record=_trivy, wrap=_trivy_cluster, identity="ID", status="Status", optional="Title"
    ),
    "kube_bench": ToolFile(
        record=_kube_bench, wrap=_kube_bench_file, identity="test_number", status="status", optional="test_desc"
    ),
    "powerpipe_json": ToolFile(
        record=_powerpipe, wrap=_powerpipe_file, identity="status", status="status", optional="reason"
    ),
    "scc": ToolFile(
        record=_scc,
        wrap=_array,
        identity="finding.category",
        status="finding.state",
        optional="finding.description",
        has_status_default=True,
    ),
    "ocsf": ToolFile(
        record=_ocsf,
        wrap=_array,
        identity="finding_info.uid",
        status="status_code",
        optional="status_detail",
        has_status_default=True,
    ),
    "asff": ToolFile(
        record=_asff,
        wrap=_array,
        identity="Id",
        status="Compliance.Status",
        optional="Description",
        has_status_default=True,
    ),
    "checkov": ToolFile(
        record=_checkov, wrap=_checkov_file, identity="check_id", status="check_result.result", optional="guideline"
    ),
    "sarif": ToolFile(
        record=_sarif, wrap=_sarif_file, identity="kind", status="kind", optional="guid", has_status_default=True
    ),
}
"""By format; a second form of a format has its name before a space."""
