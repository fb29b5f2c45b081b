"""Security Hub's format in its three forms, from Prowler and from Security Hub itself."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from policycortex.findings.formats.asff import parse_asff
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding
from tests.unit.findings.ocsf_records import parsed


def asff_record(**changes: object) -> dict[str, Any]:
    """One finding of Security Hub's own checks."""
    record: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.1/finding/1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": "111122223333",
        "AwsAccountName": "shop",
        "Region": "eu-west-1",
        "CreatedAt": "2026-11-01T00:00:00.000Z",
        "UpdatedAt": "2026-11-23T15:55:52.447Z",
        "Severity": {"Label": "MEDIUM", "Normalized": 40},
        "Title": "S3 buckets should block public access",
        "Description": "Looks at buckets.",
        "Remediation": {"Recommendation": {"Text": "Block it.", "Url": "https://example.com"}},
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::logs", "Tags": {"env": "dev"}}],
        "Compliance": {
            "Status": "FAILED",
            "SecurityControlId": "S3.1",
            "RelatedRequirements": ["PCI DSS v4.0.1/1.4.4", "NIST.800-53.r5 AC-3", "CIS AWS v1.4.0/2.1.5"],
            "AssociatedStandards": [{"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}],
        },
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }  # fmt: skip
    record |= changes
    return {key: value for key, value in record.items() if value is not None}


def one(record: dict[str, Any]) -> Finding:
    """The only finding of one record."""
    good, bad = parsed(parse_asff, json.dumps(record).encode())
    assert [each.reason for each in bad] == []
    assert len(good) == 1
    return good[0]


def test_a_finding_of_security_hub_is_read() -> None:
    """Control id, service, relations in three spellings, tags, time with fraction."""
    finding = one(asff_record())
    assert (finding.check_id, finding.service, finding.source) == ("S3.1", "s3", "security hub")
    assert (finding.status, finding.severity, finding.provider) == ("FAIL", "medium", "aws")
    assert (finding.environment_tag, finding.resource_name) == ("development", "logs")
    assert finding.observed_at == datetime(2026, 11, 23, 15, 55, 52, 447000, tzinfo=UTC)
    assert json.loads(finding.relations) == {
        "PCI DSS v4.0.1": ["1.4.4"],
        "NIST.800-53.r5": ["AC-3"],
        "CIS AWS v1.4.0": ["2.1.5"],
    }


@pytest.mark.parametrize("wrapping", ['{{"Findings": [{0}, {0}], "NextToken": "x"}}', "[{0},{0}]", "{0}\n{0}\n"])
def test_the_three_forms_give_the_same_findings(wrapping: str) -> None:
    """The output of the AWS command line, an array, and NDJSON."""
    good, bad = parsed(parse_asff, wrapping.format(json.dumps(asff_record())).encode())
    assert (len(good), bad) == (2, [])


def test_pages_one_after_another_are_all_read() -> None:
    """The command line prints one object per page."""
    page = json.dumps({"NextToken": "a", "Findings": [asff_record(), asff_record()]}, indent=2)
    good, bad = parsed(parse_asff, (page + "\n" + page + "\n").encode())
    assert (len(good), bad) == (4, [])


def test_suppressed_and_archived_are_muted() -> None:
    """Their raw result is kept."""
    assert one(asff_record(Workflow={"Status": "SUPPRESSED"})).is_muted
    archived = one(asff_record(RecordState="ARCHIVED"))
    assert (archived.is_muted, archived.status) == (True, "FAIL")
    assert not one(asff_record(Workflow={"Status": "NOTIFIED"})).is_muted


@pytest.mark.parametrize(("word", "status"), [("PASSED", "PASS"), ("WARNING", "MANUAL"), ("NOT_AVAILABLE", "MANUAL")])
def test_a_check_without_a_decision_is_not_a_pass(word: str, status: str) -> None:
    """Only PASSED is."""
    assert one(asff_record(Compliance={"Status": word})).status == status


def test_a_finding_without_compliance_is_a_problem_until_resolved() -> None:
    """Threat findings have no compliance object."""
    assert one(asff_record(Compliance=None)).status == "FAIL"
    assert one(asff_record(Compliance=None, Workflow={"Status": "RESOLVED"})).status == "PASS"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Compliance": {"Status": "ODD"}}, "unknown Compliance.Status 'ODD'"),
        ({"AwsAccountId": []}, "wrong type: expected str, got array at AwsAccountId"),
        ({"Id": None}, "missing key Id"),
        (
            {"UpdatedAt": "yesterday", "CreatedAt": None, "FirstObservedAt": None, "LastObservedAt": None},
            "UpdatedAt 'yesterday' is not an ISO 8601 time",
        ),
    ],
)
def test_unknown_values_are_quarantined(changes: dict[str, Any], expected: str) -> None:
    """With the key and the value."""
    _, bad = parsed(parse_asff, json.dumps([asff_record(**changes)]).encode())
    assert [each.reason for each in bad] == [expected]


@pytest.mark.parametrize(
    ("number", "word"), [(0, "informational"), (1, "low"), (40, "medium"), (70, "high"), (90, "critical")]
)
def test_severity_without_label_is_read_from_its_number(number: int, word: str) -> None:
    """The limits documented by Security Hub."""
    assert one(asff_record(Severity={"Normalized": number})).severity == word


def test_the_asff_file_of_a_scan_equals_its_ocsf_file(shared: Path) -> None:
    """Without the four manual findings; muted findings lack only their raw result."""
    folder = shared / "findings/prowler-aws-acme"
    content = gzip.decompress((folder / "prowler-acme.asff.json.gz").read_bytes())
    asff, bad = parsed(parse_asff, content)
    ocsf, _ = parsed(parse_ocsf, gzip.decompress((folder / "prowler-acme.ocsf.json.gz").read_bytes()))

    def key(finding: Finding) -> tuple[object, ...]:
        status = "muted" if finding.is_muted else finding.status
        tag = finding.environment_tag
        return finding.check_id, status, finding.severity, finding.account_id, finding.region, finding.service, tag

    assert bad == []
    assert Counter(map(key, asff)) == Counter(key(each) for each in ocsf if each.status != "MANUAL")
    related = {each.check_id: json.loads(each.relations) for each in ocsf}
    for each in asff:  # what was cut off is missing, but nothing is invented
        for framework in ("SOC2", "HIPAA", "ISO27001-2022"):
            assert set(json.loads(each.relations).get(framework, ())) <= set(related[each.check_id].get(framework, ()))


def test_a_real_response_of_security_hub_is_read(shared: Path) -> None:
    """300 findings in an object."""
    good, bad = parsed(parse_asff, (shared / "findings/securityhub_get_findings.json").read_bytes())
    assert (len(good), bad) == (300, [])
    assert sum(each.is_muted for each in good) == 7
