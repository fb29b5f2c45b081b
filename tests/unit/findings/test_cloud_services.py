"""Findings of cloud services: Security Command Center with its notifications, Security Lake, and older OCSF classes."""

import base64
import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.formats.registry import find_format
from policycortex.findings.model import Finding, Listing, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.sources import detect_parser
from tests.support.found_files import find_sources
from tests.support.samples.tool_files import JSON_FILES
from tests.unit.findings.ocsf_records import ocsf_record

WRITTEN_AT = datetime(2026, 11, 24, tzinfo=UTC)
SCC = JSON_FILES["scc"].record


def parsed(name: str, content: bytes) -> list[ParsedItem]:
    """All items of a file."""
    return list(find_format(name).parse(BytesIO(content), written_at=WRITTEN_AT))


def scc(record: dict[str, Any]) -> list[ParsedItem]:
    """All items of a list with one record of Security Command Center."""
    return parsed("scc", json.dumps([record]).encode())


def one(name: str, content: object) -> Finding:
    """The finding of a file with one record."""
    (finding,) = (each for each in parsed(name, json.dumps(content).encode()) if isinstance(each, Finding))
    return finding


def test_a_finding_of_security_command_center() -> None:
    """The list is the state at the export: dated by the file, however old the finding is."""
    finding = one("scc", [SCC(3)])
    assert (finding.check_id, finding.status, finding.severity) == ("PUBLIC_BUCKET_ACL", "FAIL", "high")
    assert (finding.provider, finding.account_id, finding.region) == ("gcp", "shop-prod", "europe-west1")
    assert (finding.service, finding.resource_uid) == ("storage", "//storage.googleapis.com/bucket-3")
    assert (finding.finding_uid, finding.observed_at) == ("projects/77/sources/2/findings/f3", WRITTEN_AT)
    assert (finding.relations, finding.listing) == ('{"CIS-1.2":["5.1"]}', None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "ACTIVE"}, ("FAIL", False)),
        ({"state": "INACTIVE"}, ("PASS", False)),
        ({"mute": "MUTED"}, ("FAIL", True)),
        ({"mute": "UNDEFINED"}, ("FAIL", False)),
        ({"findingClass": "OBSERVATION"}, ("MANUAL", False)),
        ({"findingClass": "THREAT"}, ("FAIL", False)),
    ],
)
def test_states_of_security_command_center(changes: dict[str, str], expected: tuple[str, bool]) -> None:
    """An observation is no judgement; a muted finding keeps its state."""
    record = SCC(3)
    record["finding"] |= changes
    finding = one("scc", [record])
    assert (finding.status, finding.is_muted) == expected


def test_an_error_of_a_detector_is_a_problem_of_the_scan() -> None:
    """What a detector cannot look at is no finding; once inactive it is nothing."""
    record = SCC(3)
    record["finding"] |= {"findingClass": "SCC_ERROR", "category": "API_DISABLED"}
    (note,) = scc(record)
    assert isinstance(note, ScanNote)
    assert note.kind is NoteKind.SCAN_PROBLEM
    assert "API_DISABLED" in note.text
    record["finding"]["state"] = "INACTIVE"
    assert [each for each in scc(record) if isinstance(each, ScanNote)] == []


def test_an_account_of_another_cloud() -> None:
    """Security Command Center also looks at AWS and Azure."""
    record = SCC(3)
    record["resource"] = {
        "cloudProvider": "AMAZON_WEB_SERVICES",
        "awsMetadata": {"account": {"id": "111122223333", "name": "shop"}},
        "service": "s3.amazonaws.com",
    }
    finding = one("scc", [record])
    assert (finding.provider, finding.account_id, finding.account_name) == ("aws", "111122223333", "shop")


def test_older_resources_have_the_project_as_a_path() -> None:
    """Without a display name the project's number counts; without resource that of the canonical name."""
    record = SCC(3)
    del record["resource"]["projectDisplayName"]
    assert one("scc", [record]).account_id == "77"
    del record["resource"]
    assert one("scc", [record]).account_id == "77"


NOTIFICATION = {"notificationConfigName": "organizations/1/notificationConfigs/n", **SCC(3)}
DATA = base64.b64encode(json.dumps(NOTIFICATION).encode()).decode()


@pytest.mark.parametrize(
    "content",
    [
        NOTIFICATION,
        [{"ackId": "a", "message": {"data": DATA, "messageId": "1", "publishTime": "2026-11-20T10:00:01Z"}}],
        {"receivedMessages": [{"ackId": "a", "message": {"data": DATA, "messageId": "1"}}]},
        {"message": {"data": DATA, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"},
    ],
)
def test_a_notification_is_one_finding_at_its_own_time(content: object) -> None:
    """Alone, pulled or pushed by Pub/Sub: it replaces its own finding only."""
    finding = one("scc", content)
    assert finding.observed_at == datetime(2026, 11, 20, 10, 0, 0, 500000, UTC)
    assert (finding.check_id, finding.listing) == ("PUBLIC_BUCKET_ACL", Listing.RESULTS)
    assert finding.target_part == f"finding={finding.finding_uid}"


@pytest.mark.parametrize("data", ["%%%", base64.b64encode(b"{").decode(), base64.b64encode(b"7").decode()])
def test_a_message_without_a_notification_is_quarantined(data: str) -> None:
    """Neither base64 nor JSON: with a reason."""
    (bad,) = parsed("scc", json.dumps([{"ackId": "a", "message": {"data": data, "messageId": "1"}}]).encode())
    assert isinstance(bad, QuarantinedRecord)
    assert bad.reason


def legacy_record(**changes: object) -> dict[str, Any]:
    """A Security Finding as Prowler 3 writes it."""
    record: dict[str, Any] = {
        "finding": {
            "title": "Certificates do not expire soon",
            "desc": "Looks at certificates.",
            "supporting_data": {"Risk": "Services stop."},
            "remediation": {"kb_articles": ["https://example.com/acm"], "desc": "Renew it."},
            "types": ["Data Protection"],
            "uid": "prowler-aws-acm_expiration-111122223333-eu-west-1-a",
        },
        "resources": [
            {
                "group": {"name": "acm"},
                "region": "eu-west-1",
                "name": "a",
                "uid": "arn:aws:acm:eu-west-1:111122223333:certificate/a",
                "labels": [{"Key": "environment", "Value": "dev"}],
                "type": "AwsCertificateManagerCertificate",
            }
        ],
        "compliance": {"status": "Failure", "requirements": ["SOC2: ['cc_6_7', 'cc_7_2']", "HIPAA: ['164_312_e_1']"]},
        "severity_id": 4,
        "cloud": {"account": {"uid": "111122223333", "name": ""}, "region": "eu-west-1", "provider": "aws"},
        "time": "2026-06-30 10:28:55.297615",
        "metadata": {
            "product": {"name": "Prowler", "version": "3.6.1", "feature": {"uid": "acm_expiration"}},
            "version": "1.0.0-rc.3",
        },
        "state_id": 0,
        "status_id": 2,
        "status": "Failure",
        "class_uid": 2001,
    }
    return record | changes


def test_a_security_finding_of_prowler_3() -> None:
    """The class of OCSF 1.0, with the values of today's form."""
    finding = one("ocsf", [legacy_record()])
    assert (finding.check_id, finding.status, finding.is_muted) == ("acm_expiration", "FAIL", False)
    assert (finding.account_id, finding.environment_tag, finding.service) == ("111122223333", "development", "acm")
    assert (finding.risk, finding.remediation_url) == ("Services stop.", "https://example.com/acm")
    assert finding.observed_at == datetime(2026, 6, 30, 10, 28, 55, 297615, UTC)
    assert json.loads(finding.relations) == {"SOC2": ["cc_6_7", "cc_7_2"], "HIPAA": ["164_312_e_1"]}


@pytest.mark.parametrize(
    ("status", "status_id", "expected"),
    [
        ("Success", 1, ("PASS", False)),
        ("Failure", 2, ("FAIL", False)),
        ("Other", 99, ("FAIL", True)),
        ("Unknown", 0, ("MANUAL", False)),
        ("FAILED", 1, ("FAIL", False)),
        ("PASSED", 1, ("PASS", False)),
        ("NOT_AVAILABLE", 1, ("MANUAL", False)),
    ],
)
def test_statuses_of_security_findings(status: str, status_id: int, expected: tuple[str, bool]) -> None:
    """Prowler 3's words and those of Security Hub in Security Lake; Other is muted, its result lost."""
    finding = one("ocsf", [legacy_record(compliance={"status": status}, status_id=status_id)])
    assert (finding.status, finding.is_muted) == expected


def test_a_suppressed_security_finding_is_muted() -> None:
    """``state_id`` 3; its result stays."""
    finding = one("ocsf", [legacy_record(state_id=3)])
    assert (finding.status, finding.is_muted) == ("FAIL", True)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (legacy_record(compliance=None), "class_uid 2001 is a Security Finding without a compliance result"),
        (ocsf_record(class_uid=2002), "class_uid 2002 is a Vulnerability Finding without a compliance result"),
        (ocsf_record(class_uid=2005), "class_uid 2005 is an Incident Finding without a compliance result"),
        (ocsf_record(class_uid=6003), "class_uid 6003 is neither a Detection (2004) nor a Compliance (2003) Finding"),
    ],
)
def test_other_classes_are_quarantined_by_name(record: dict[str, Any], name: str) -> None:
    """With what to import instead; the records around them are kept."""
    items = parsed("ocsf", json.dumps([ocsf_record(1), record, ocsf_record(2)]).encode())
    bad = [each for each in items if isinstance(each, QuarantinedRecord)]
    assert len([each for each in items if isinstance(each, Finding)]) == 2
    assert bad[0].reason.startswith(name)


def test_a_vulnerability_finding_with_a_compliance_result_is_read() -> None:
    """By that result."""
    record = ocsf_record(class_uid=2002, status_code=None, compliance={"status": "Pass"})
    assert one("ocsf", [record]).status == "PASS"


def lake_rows(*numbers: int) -> list[dict[str, Any]]:
    """Rows as Security Lake has them: nested, no Prowler fields, times in milliseconds, maps."""
    return [
        {
            "metadata": {"product": {"name": "Security Hub", "uid": "arn:p", "version": None}, "version": "1.1.0"},
            "time": 1_795_449_352_000 + number,
            "time_dt": datetime(2026, 11, 23, tzinfo=UTC),
            "class_uid": 2003,
            "severity_id": 4,
            "status_id": 1,
            "finding_info": {"uid": f"u{number}", "title": "Buckets are closed", "types": ["Software Checks"]},
            "cloud": {"provider": "AWS", "region": "eu-west-1", "account": {"uid": "111122223333"}},
            "resource": {"uid": f"arn:aws:s3:::bucket-{number}", "type": "AwsS3Bucket", "data": "{}"},
            "compliance": {
                "control": "S3.8",
                "status": "Fail",
                "status_id": 3,
                "requirements": ["NIST.800-53.r5 AC-3"],
                "standards": ["standards/nist-800-53/v/5.0.0"],
            },
            "unmapped": [("RecordState", "ACTIVE")],
        }
        for number in numbers
    ]


LAKE_SCHEMA = pa.schema(
    {
        "metadata": pa.struct(
            {
                "product": pa.struct({"name": pa.string(), "uid": pa.string(), "version": pa.string()}),
                "version": pa.string(),
            }
        ),
        "time": pa.int64(),
        "time_dt": pa.timestamp("ms", tz="UTC"),
        "class_uid": pa.int32(),
        "severity_id": pa.int32(),
        "status_id": pa.int32(),
        "finding_info": pa.struct({"uid": pa.string(), "title": pa.string(), "types": pa.list_(pa.string())}),
        "cloud": pa.struct(
            {"provider": pa.string(), "region": pa.string(), "account": pa.struct({"uid": pa.string()})}
        ),
        "resource": pa.struct({"uid": pa.string(), "type": pa.string(), "data": pa.string()}),
        "compliance": pa.struct(
            {
                "control": pa.string(),
                "status": pa.string(),
                "status_id": pa.int32(),
                "requirements": pa.list_(pa.string()),
                "standards": pa.list_(pa.string()),
            }
        ),
        "unmapped": pa.map_(pa.string(), pa.string()),
    }
)


def lake_file(rows: list[dict[str, Any]], schema: pa.Schema = LAKE_SCHEMA) -> bytes:
    """A Parquet file of Security Lake, compressed as it compresses them."""
    out = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out, compression="zstd")
    return out.getvalue()


def test_a_parquet_file_of_security_lake() -> None:
    """One finding per row, as from JSON; each replaces its own finding only."""
    findings = [each for each in parsed("ocsf_parquet", lake_file(lake_rows(1, 2))) if isinstance(each, Finding)]
    first = findings[0]
    assert [each.record_no for each in findings] == [0, 1]
    assert (first.check_id, first.status, first.severity, first.source) == ("S3.8", "FAIL", "high", "security hub")
    assert (first.provider, first.account_id, first.region) == ("aws", "111122223333", "eu-west-1")
    assert (first.resource_uid, first.resource_type) == ("arn:aws:s3:::bucket-1", "AwsS3Bucket")
    assert first.observed_at == datetime(2026, 11, 23, 15, 55, 52, 1000, UTC)
    assert json.loads(first.relations) == {"NIST.800-53.r5": ["AC-3"]}
    assert {each.target_part for each in findings} == {f"finding={each.finding_uid}" for each in findings}


@pytest.mark.parametrize("kind", [pa.timestamp("ms"), pa.timestamp("us", tz="UTC"), pa.timestamp("ns")])
def test_a_time_may_be_stored_as_a_timestamp(kind: pa.DataType) -> None:
    """By writers of custom sources; without a zone it is UTC."""
    moment = datetime(2026, 11, 23, 15, 55, 52)  # noqa: DTZ001 - columns without a zone take times without one
    rows = [row | {"time": moment.replace(tzinfo=UTC) if kind.tz else moment} for row in lake_rows(1)]
    schema = LAKE_SCHEMA.set(LAKE_SCHEMA.get_field_index("time"), pa.field("time", kind))
    (finding,) = parsed("ocsf_parquet", lake_file(rows, schema))
    assert isinstance(finding, Finding)
    assert finding.observed_at == datetime(2026, 11, 23, 15, 55, 52, tzinfo=UTC)


def test_a_parquet_file_is_recognised_by_its_columns(tmp_path: Path) -> None:
    """Its end names them; a table with the product's own columns stays one."""
    table = BytesIO()
    pq.write_table(pa.table({name: ["x"] for name in ("check_id", "status", "severity", "observed_at")}), table)
    for name, content in (("ocsf_parquet", lake_file(lake_rows(1))), ("parquet", table.getvalue())):
        path = tmp_path / f"{name}.gz.parquet"
        path.write_bytes(content)
        (source,) = find_sources([path])
        assert detect_parser(source)[0] == name


def test_a_bad_row_is_quarantined_with_its_number() -> None:
    """Null where the identity, the class or the time is: its neighbours are kept."""
    rows = lake_rows(1, 2, 3, 4, 5)
    rows[1]["finding_info"] = None
    rows[2]["class_uid"] = 2002
    rows[2]["compliance"] = None
    rows[3]["time"] = None
    items = parsed("ocsf_parquet", lake_file(rows))
    bad = [each for each in items if isinstance(each, QuarantinedRecord)]
    assert [each.finding_uid for each in items if isinstance(each, Finding)] == ["u1", "u5"]
    assert [each.byte_offset for each in bad] == [1, 2, 3]
    assert [each.reason.partition(": ")[2][:30] for each in bad] == [
        "wrong type: expected object, g",
        "class_uid 2002 is a Vulnerabil",
        "missing key time",
    ]


def test_control_characters_of_rows_are_replaced() -> None:
    """As in JSON, with a note for each field."""
    rows = lake_rows(1, 2)
    rows[1]["finding_info"]["title"] = "a\x00b"
    items = parsed("ocsf_parquet", lake_file(rows))
    assert [each.title for each in items if isinstance(each, Finding)][1] == "a\N{REPLACEMENT CHARACTER}b"
    assert [each.kind for each in items if isinstance(each, ScanNote)] == [NoteKind.REPLACED_TEXT]


def test_a_damaged_parquet_file_is_no_findings() -> None:
    """Cut: truncated. Damaged inside: an error that says what to do."""
    content = lake_file(lake_rows(*range(100)))
    with pytest.raises(TruncatedFileError, match="get a complete copy"):
        parsed("ocsf_parquet", content[:-10])
    middle = len(content) // 3
    with pytest.raises(InputError, match="get a good copy"):
        parsed("ocsf_parquet", content[:middle] + b"\xff" * 64 + content[middle + 64 :])
