"""OCSF records become findings with normalised values."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding
from policycortex.names import FindingStatus, Severity
from tests.unit.findings.ocsf_records import array_text, ocsf_record, parsed


def one(record: dict[str, Any]) -> Finding:
    """The only finding of one record."""
    good, bad = parsed(parse_ocsf, array_text([record]))
    assert not bad, bad[0].reason
    assert len(good) == 1
    return good[0]


def reason(record: dict[str, Any]) -> str:
    """Why one record is quarantined."""
    good, bad = parsed(parse_ocsf, array_text([record]))
    assert not good
    assert len(bad) == 1
    return bad[0].reason


def test_every_field_of_a_finding_is_read_from_a_prowler_record() -> None:
    """Each field comes from the place where Prowler writes it."""
    assert one(ocsf_record(7)) == Finding(
        record_no=0,
        finding_uid="prowler-7",
        check_id="s3_bucket_public_access",
        status=FindingStatus.FAIL,
        severity=Severity.HIGH,
        is_muted=False,
        title="Bucket is not public",
        description="Buckets are closed to the public.",
        status_detail="Bucket number-7 is open.",
        risk="Anyone can read.",
        remediation="Close it.",
        remediation_url="https://example.com/close",
        source="prowler",
        source_version="5.46.0",
        provider="aws",
        account_id="111122223333",
        account_name="shop",
        region="eu-west-1",
        service="s3",
        resource_uid="arn:aws:s3:::number-7",
        resource_name="number-7",
        resource_type="AwsS3Bucket",
        environment_tag="production",
        tags='{"Environment":"prod","Owner":"web"}',
        observed_at=datetime(2026, 11, 23, 15, 55, 52, tzinfo=UTC),
        scan_uid="scan-1",
        relations='{"HIPAA":["164_312_a_1"],"SOC2":["cc_6_1","cc_6_6"]}',
    )


def test_the_real_scan_gives_all_its_findings(shared: Path) -> None:
    """1,794 findings, duplicate uids too, 158 muted and 4 manual."""
    with gzip.open(shared / "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz") as stream:
        findings = [each for each in parse_ocsf(stream) if isinstance(each, Finding)]  # type: ignore[arg-type]
    assert len(findings) == 1794
    assert Counter(each.is_muted for each in findings)[True] == 158
    assert Counter(each.status for each in findings) == {"PASS": 1074, "FAIL": 716, "MANUAL": 4}
    assert [each.record_no for each in findings] == list(range(1794))
    assert len({each.finding_uid for each in findings}) == 1791
    failing = [each for each in findings if each.status == "FAIL" and not each.is_muted]
    assert Counter(each.is_exposed for each in failing) == {True: 91, False: 573}


@pytest.mark.parametrize("status_code", ["PASS", "FAIL"])
def test_suppressed_means_muted_and_keeps_the_raw_status(status_code: str) -> None:
    """A passing finding is muted as well as a failing one."""
    finding = one(ocsf_record(status="Suppressed", status_id=3, status_code=status_code))
    assert (finding.is_muted, finding.status) == (True, status_code)


@pytest.mark.parametrize("time", [1795449352, 1795449352000, 1795449352000000, 1795449352000000000])
def test_time_is_read_by_its_magnitude(time: int) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds of the same moment are the same moment."""
    assert one(ocsf_record(time=time)).observed_at == datetime(2026, 11, 23, 15, 55, 52, tzinfo=UTC)


def test_kubernetes_has_no_cloud() -> None:
    """Provider and cluster come from Prowler's unmapped fields, the region from the namespace."""
    unmapped = {"provider": "kubernetes", "provider_uid": "cluster-1", "compliance": {}}
    resource = {"name": "pod-1", "uid": "pod-uid", "namespace": "shop", "type": "Pod", "labels": []}
    finding = one(ocsf_record(cloud=None, unmapped=unmapped, resources=[resource]))
    assert (finding.provider, finding.account_id, finding.region) == ("kubernetes", "cluster-1", "shop")
    assert finding.relations == "{}"


def test_several_resources_are_several_findings_of_one_record() -> None:
    """One finding per resource, sharing the record's number; none at all is one finding without resource."""
    resources = [{"uid": "a", "region": "x"}, {"uid": "b", "region": "y"}]
    good, _ = parsed(parse_ocsf, array_text([ocsf_record(resources=resources), ocsf_record(1)]))
    assert [(each.record_no, each.resource_uid) for each in good[:2]] == [(0, "a"), (0, "b")]
    assert good[2].record_no == 1
    assert one(ocsf_record(resources=[])).resource_uid == ""


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["env:prod"], "production"),
        (["Environment=Staging"], "staging"),
        (["STAGE:qa"], "test"),
        (["Env:Sandbox 7"], "sandbox 7"),
        (["stage:dev", "environment:prd"], "production"),
        (["TagKey:Environment", "TagValue:dev"], "development"),
        (["Environment:"], None),
        (["Name:production"], None),
    ],
)
def test_environment_is_read_from_labels(labels: list[str], expected: str | None) -> None:
    """Keys without case, values normalised, environment before stage; without such a key there is none."""
    assert one(ocsf_record(resources=[{"uid": "a", "labels": labels}])).environment_tag == expected


@pytest.mark.parametrize(
    "tags",
    [{"Env": "prod"}, [{"name": "Env", "value": "prod"}], [{"Key": "Env", "Value": "prod"}], ["Env=prod"]],
)
def test_environment_is_read_from_every_form_of_tags(tags: object) -> None:
    """Objects, lists of pairs and lists of labels give the same."""
    finding = one(ocsf_record(resources=[{"uid": "a", "tags": tags}]))
    assert (finding.environment_tag, finding.tags) == ("production", '{"Env":"prod"}')


def compliance_record(**compliance: object) -> dict[str, Any]:
    """A Compliance Finding of another producer."""
    metadata = {"product": {"name": "Security Hub", "vendor_name": "AWS"}, "version": "1.5.0"}
    info = {"uid": "arn:1", "title": "Buckets are closed"}
    record = ocsf_record(class_uid=2003, metadata=metadata, finding_info=info, status_code=None, unmapped=None)
    return record | {"compliance": {"control": "S3.1", **compliance}}


@pytest.mark.parametrize(
    ("compliance", "status"),
    [
        ({"status_id": 1}, "PASS"),
        ({"status_id": 3}, "FAIL"),
        ({"status_id": 2}, "MANUAL"),
        ({"status": "Pass"}, "PASS"),
        ({"status": "FAILED", "status_id": 99}, "FAIL"),
    ],
)
def test_compliance_findings_have_their_own_status(compliance: dict[str, Any], status: str) -> None:
    """Class 2003 by id or by text, with the control as its check."""
    finding = one(compliance_record(**compliance))
    assert (finding.status, finding.check_id, finding.source) == (status, "S3.1", "security hub")


def test_compliance_findings_name_their_requirements() -> None:
    """Ids without a standard belong to each standard; Security Hub writes the standard with the id."""
    bare = one(compliance_record(status_id=1, standards=["CSA-CCM-4.0"], requirements=["SEF-08"]))
    assert json.loads(bare.relations) == {"CSA-CCM-4.0": ["SEF-08"]}
    words = ["PCI DSS v4.0.1/1.3.1", "NIST.800-53.r5 AC-2(1)", "NIST.800-53.r5 AC-3"]
    spelled = one(compliance_record(status_id=1, standards=["standards/x"], requirements=words))
    assert json.loads(spelled.relations) == {"PCI DSS v4.0.1": ["1.3.1"], "NIST.800-53.r5": ["AC-2(1)", "AC-3"]}


def test_a_detection_without_outcome_is_a_problem_until_it_is_resolved() -> None:
    """Other producers' Detection Findings have no status_code; Prowler's without it is damaged."""
    other = {"event_code": "x", "product": {"name": "GuardDuty"}}
    assert one(ocsf_record(status_code=None, metadata=other)).status == "FAIL"
    assert one(ocsf_record(status_code=None, metadata=other, status_id=4, status="Resolved")).status == "PASS"
    assert reason(ocsf_record(status_code=None)) == "missing key status_code"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status_code": "MAYBE"}, "unknown status_code 'MAYBE': expected PASS, FAIL or MANUAL"),
        ({"status_code": "MAYBE", "status_id": 42}, "unknown status_id 42"),
        ({"finding_info": None}, "missing key finding_info"),
        ({"finding_info": {}}, "missing key finding_info.uid"),
        ({"metadata": []}, "wrong type: expected object, got array at metadata"),
        ({"class_uid": 3002}, "class_uid 3002 is neither a Detection (2004) nor a Compliance (2003) Finding"),
        ({"time": "now", "time_dt": None}, "time 'now' is not an ISO 8601 time"),
        ({"time": 12, "time_dt": None}, "time 12 is not within the years 2000 to 2099"),
        ({"time": 0, "time_dt": "0001-01-01T00:00:00Z"}, "time 0 is not within the years 2000 to 2099"),
        ({"time": None, "time_dt": None}, "missing key time"),
    ],
)  # fmt: skip
def test_a_bad_record_is_quarantined_with_its_precise_reason(changes: dict[str, Any], expected: str) -> None:
    """The reason names the key, the problem and the value."""
    assert reason(ocsf_record(**changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "2026-11-23T15:55:52Z", "time_dt": None},
        {"time": "1795449352", "time_dt": None},
        {"time": "1795449352000", "time_dt": None},
        {"time": 1795449352000000, "time_dt": None},
        {"time": 0, "time_dt": "2026-11-23T15:55:52Z"},
        {"time": -62135596800, "time_dt": "2026-11-23T15:55:52"},
        {"time": None, "time_dt": "2026-11-23T15:55:52"},
        {"time": {"at": 1}, "time_dt": None, "event_time": 1795449352},
    ],
)
def test_one_time_that_can_be_read_is_enough(changes: dict[str, Any]) -> None:
    """A lost FAIL raises the score: epochs in any unit, as a number or a text, ISO texts, without offset as UTC."""
    assert one(ocsf_record(**changes)).observed_at == datetime(2026, 11, 23, 15, 55, 52, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status_code": " FAIL "}, ("FAIL", False)),
        ({"status_code": "\x1b[31mFAIL\x1b[0m"}, ("FAIL", False)),
        ({"status_code": "Not Applicable"}, ("MANUAL", True)),
        ({"status_code": "SKIPPED"}, ("MANUAL", True)),
        ({"status_code": "ERROR"}, ("MANUAL", False)),
        ({"status_code": "FAIL", "status_id": 42}, ("FAIL", False)),
    ],
)
def test_statuses_are_read_as_words(changes: dict[str, Any], expected: tuple[str, bool]) -> None:
    """Colour codes, spaces and an unknown number beside the word lose no finding."""
    finding = one(ocsf_record(**changes))
    assert (finding.status, finding.is_muted) == expected


def test_several_arrays_in_one_file_are_read() -> None:
    """Arrays behind lines, arrays in an array (``jq --slurp``), and JSON text sequences."""
    first, second, third = (json.dumps(ocsf_record(number)) for number in (1, 2, 3))
    for text in (
        f"{first}\n[{second}, {third}]",
        f"[[{first}], [{second}, {third}]]",
        f"[{first}][{second}]\n[]\n[{third}]",
        f"\x1e{first}\n\x1e{second}\n\x1e{third}\n",
    ):
        good, bad = parsed(parse_ocsf, text.encode())
        assert [each.finding_uid for each in good] == ["prowler-1", "prowler-2", "prowler-3"], text
        assert not bad


def test_findings_in_an_event_are_read() -> None:
    """Security Hub v2 sends OCSF in EventBridge events; a bad finding of an event is quarantined alone."""
    event = {"source": "aws.securityhub", "detail": {"findings": [ocsf_record(1), 7, ocsf_record(2)]}}
    good, bad = parsed(parse_ocsf, json.dumps(event).encode() + b"\n" + json.dumps(event).encode())
    assert [each.finding_uid for each in good] == ["prowler-1", "prowler-2"] * 2
    assert [each.reason for each in bad] == ["the record in the envelope is not a JSON object"] * 2
