"""Odd forms of files that tools and people write: every record is read or reported, and no failed scan looks clean."""

import json
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

import pytest

from policycortex.findings.formats.registry import recognise_format
from policycortex.findings.model import CleanScan, Finding, ParsedItem, QuarantinedRecord, ScanNote

WRITTEN_AT: Final = datetime(2026, 11, 24, tzinfo=UTC)


def items_of(text: str) -> list[ParsedItem]:
    """What the format that recognises the text makes of it."""
    found = recognise_format(text.encode())
    assert found is not None
    return list(found.parse(BytesIO(text.encode()), written_at=WRITTEN_AT))


def outcome_of(text: str) -> tuple[dict[str, int], list[str]]:
    """Numbers of findings by status (``FAIL muted``), of quarantined records and clean scans; texts of the notes."""
    counts: Counter[str] = Counter()
    notes = []
    for item in items_of(text):
        match item:
            case Finding():
                counts[f"{item.status}{' muted' if item.is_muted else ''}"] += 1
            case QuarantinedRecord():
                counts["bad"] += 1
            case CleanScan():
                counts["clean"] += 1
            case ScanNote():
                notes.append(item.text)
    return dict(counts), notes


def hub(**changes: object) -> dict[str, Any]:
    """A failing finding of Security Hub."""
    record: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:1",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.1",
        "AwsAccountId": "111122223333",
        "UpdatedAt": "2026-11-24T10:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Compliance": {"Status": "FAILED"},
        "RecordState": "ACTIVE",
        "Resources": [{"Id": "arn:aws:s3:::b"}],
    }
    return {key: value for key, value in (record | changes).items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "expected", "note"),
    [
        ({"Workflow": {"Status": "DEFERRED"}}, "FAIL", "Workflow.Status 'DEFERRED' is not known"),
        ({"RecordState": "DELETED"}, "FAIL", "RecordState 'DELETED' is not known"),
        ({"Workflow": {"Status": " suppressed "}}, "FAIL muted", ""),
        ({"Compliance": {"Status": "NON_COMPLIANT"}}, "FAIL", ""),
        ({"Compliance": {"Status": "Not Applicable"}}, "MANUAL muted", ""),
        ({"Compliance": {"Status": ""}}, "FAIL", ""),
        ({"UpdatedAt": "2026-11-24T10:00:00"}, "FAIL", "UpdatedAt has no offset from UTC"),
        ({"UpdatedAt": "0001-01-01T00:00:00Z", "CreatedAt": "2026-11-24T10:00:00Z"}, "FAIL", "CreatedAt is used"),
        ({"LastObservedAt": ""}, "FAIL", ""),
        ({"UpdatedAt": ..., "FirstObservedAt": "2026-11-24T10:00:00Z"}, "FAIL", ""),
    ],
)
def test_an_odd_word_or_time_loses_no_finding_of_security_hub(
    changes: dict[str, Any], expected: str, note: str
) -> None:
    """It is kept, not muted by an unknown word; what was assumed is reported."""
    counts, notes = outcome_of(json.dumps({"Findings": [hub(**changes)]}))
    assert counts == {expected: 1}
    assert len(notes) == bool(note)
    assert note in "".join(notes)


@pytest.mark.parametrize(
    ("text", "is_page"),
    [
        ({"Findings": [hub()], "NextToken": "abc"}, True),
        ({"NextToken": "abc", "Findings": [hub()]}, True),
        ({"Findings": [hub()], "NextToken": None}, False),
        ({"Findings": [hub(Title='"NextToken": "abc"')]}, False),
    ],
)
def test_a_page_of_an_export_is_reported(text: dict[str, Any], is_page: bool) -> None:
    """Findings on other pages are missing, which looks like a smaller account."""
    counts, notes = outcome_of(json.dumps(text))
    assert counts == {"FAIL": 1}
    assert any("one page of several" in each for each in notes) == is_page


def test_pages_in_one_file_are_a_whole_export() -> None:
    """Only the last page decides whether others are missing."""
    pages = ({"Findings": [hub()], "NextToken": "a"}, {"Findings": [hub(Id="arn:2")]})
    assert outcome_of("\n".join(map(json.dumps, pages))) == ({"FAIL": 2}, [])


def sarif_run(*results: object, **changes: object) -> dict[str, Any]:
    """A run of SARIF."""
    run: dict[str, Any] = {"tool": {"driver": {"name": "T"}}, "results": list(results)}
    return run | changes


def sarif(*runs: object) -> str:
    """A SARIF file."""
    return json.dumps({"$schema": "s", "version": "2.1.0", "runs": runs})


R1: Final = {"ruleId": "R1", "message": {"text": "m"}}


def test_an_array_of_sarif_files_is_read() -> None:
    """``jq --slurp`` of several files: nothing of it was read before, and the file looked clean."""
    text = f"[{sarif(sarif_run(R1))}, {sarif(sarif_run(R1), sarif_run())}]"
    assert outcome_of(text) == ({"FAIL": 2, "clean": 1}, [])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(None, "FAIL"), ("", "FAIL"), ("FAIL", "FAIL"), ("Pass", "PASS"), ("notapplicable", "MANUAL muted")],
)
def test_kinds_of_sarif_are_read_as_words(kind: str | None, expected: str) -> None:
    """Without a kind a result fails."""
    assert outcome_of(sarif(sarif_run(R1 | {"kind": kind}))) == ({expected: 1}, [])


@pytest.mark.parametrize(
    ("invocation", "note"),
    [
        ({"executionSuccessful": "false"}, "T reports that its run failed"),
        (
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": "could not parse x.tf"}}],
            },
            "T reports an error: could not parse x.tf",
        ),
    ],
)
def test_a_run_with_errors_is_no_clean_scan(invocation: dict[str, Any], note: str) -> None:
    """What it did not look at may fail: without results it is not clean, and with results it is a part."""
    counts, notes = outcome_of(sarif(sarif_run(invocations=[invocation])))
    assert (counts, notes[0]) == ({}, note)
    [finding] = [each for each in items_of(sarif(sarif_run(R1, invocations=[invocation]))) if isinstance(each, Finding)]
    assert finding.listing == "part"


def test_a_warning_of_a_tool_changes_nothing() -> None:
    """Only messages at level ``error`` are problems."""
    warning = {"toolExecutionNotifications": [{"level": "warning", "message": {"text": "slow"}}]}
    assert outcome_of(sarif(sarif_run(invocations=[{"executionSuccessful": True} | warning]))) == ({"clean": 1}, [])


def checkov(failed: int = 0, errors: int = 0, records: int = 0) -> dict[str, Any]:
    """A report of Checkov whose summary counts failing checks and errors."""
    record = {"check_id": "CKV_AWS_18", "check_result": {"result": "Failed"}, "resource": "a.b"}
    lists = {"passed_checks": [], "failed_checks": [record] * records}
    summary = {"passed": 0, "failed": failed, "parsing_errors": errors, "checkov_version": "3"}
    return {"check_type": "terraform", "results": lists, "summary": summary}


@pytest.mark.parametrize(
    ("text", "counts", "note"),
    [
        (checkov(), {"clean": 1}, ""),
        (checkov(failed=1, records=1), {"FAIL": 1}, ""),
        (checkov(errors=3), {}, "Checkov could not parse 3 files"),
        (checkov(failed=3), {}, "the summary counts 3 failed checks, the file lists 0"),
        (checkov(failed=3, records=1), {"FAIL": 1}, "the summary counts 3 failed checks, the file lists 1"),
        (
            {"passed": 0, "failed": 0, "parsing_errors": 0, "checkov_version": "3", "resource_count": 0},
            {"clean": 1},
            "",
        ),
        (
            {"passed": 0, "failed": 0, "parsing_errors": 2, "checkov_version": "3", "resource_count": 0},
            {},
            "Checkov could not parse 2 files",
        ),
    ],
)
def test_the_summary_of_checkov_is_believed(text: dict[str, Any], counts: dict[str, int], note: str) -> None:
    """A report that counts what it does not list is never clean."""
    assert outcome_of(json.dumps(text)) == (counts, [note] if note else [])


def test_text_behind_a_report_is_reported() -> None:
    """The last words of a tool, or what another tool has written to the same file."""
    counts, notes = outcome_of(json.dumps(checkov(failed=1, records=1)) + "\nMore details: see below\n")
    assert (counts, notes) == ({"FAIL": 1}, ["text behind the JSON was not read: 'More details: see below'"])


def trivy(*results: object, artifact: str = "shop", **changes: object) -> dict[str, Any]:
    """A report of Trivy."""
    report: dict[str, Any] = {"SchemaVersion": 2, "ArtifactName": artifact, "ArtifactType": "filesystem"}
    return report | {"Results": list(results)} | changes


def config(*records: object, failures: int = 0) -> dict[str, Any]:
    """The misconfigurations of one file."""
    summary = {"Successes": 1, "Failures": failures}
    return {"Target": "main.tf", "Class": "config", "MisconfSummary": summary, "Misconfigurations": list(records)}


FAILING: Final = {"ID": "AVD-AWS-0086", "Status": "Fail", "Severity": "HIGH"}


def test_clean_scans_of_trivy_are_those_of_each_report() -> None:
    """Of two reports in one file, only the second one has looked for vulnerabilities, and found none."""
    text = json.dumps([trivy(config(FAILING)), trivy({"Target": "go.mod", "Class": "lang-pkgs"}, artifact="site")])
    [clean] = [each for each in items_of(text) if isinstance(each, CleanScan)]
    assert (clean.target, clean.target_part) == ("artifact=site", "scanner=vuln")


def test_failures_that_trivy_only_counts_are_reported() -> None:
    """A summary without its records is no clean scan."""
    counts, notes = outcome_of(json.dumps(trivy(config(failures=4))))
    assert (counts, notes) == ({}, ["Trivy counts 4 failures in main.tf, the file lists none"])


def test_a_cluster_of_which_trivy_could_not_scan_a_part_is_a_part() -> None:
    """Findings of what it could not scan stay."""
    pod = {"Namespace": "d", "Kind": "Pod", "Name": "p", "Results": [config(FAILING)]}
    clean = {"Namespace": "d", "Kind": "Pod", "Name": "c", "Results": [{"Target": "i", "Class": "os-pkgs"}]}
    broken = {"Namespace": "d", "Kind": "Pod", "Name": "q", "Error": "no access"}
    items = items_of(json.dumps({"ClusterName": "c1", "Resources": [pod, clean, broken]}))
    assert [each.listing for each in items if isinstance(each, Finding)] == ["part"]
    assert not [each for each in items if isinstance(each, CleanScan)]


@pytest.mark.parametrize(
    ("control", "counts", "note"),
    [
        ({"run_status": "error", "run_error": {"message": "x"}, "results": None}, {"MANUAL": 1}, '{"message":"x"}'),
        ({"run_status": "canceled", "results": None}, {"MANUAL": 1}, "its status is canceled"),
        ({"run_status": 8, "results": None}, {"MANUAL": 1}, "its status is 8"),
        ({"run_status": "complete", "results": []}, {"clean": 1}, ""),
        ({"run_status": "complete", "results": [{"status": "ALARM", "resource": "r"}]}, {"FAIL": 1}, ""),
    ],
)
def test_controls_of_powerpipe_that_did_not_run_are_reported(
    control: dict[str, Any], counts: dict[str, int], note: str
) -> None:
    """Whatever says so: an error of any form, or the status alone."""
    group = {"group_id": "g", "controls": [{"control_id": "aws_compliance.control.c"} | control]}
    found, notes = outcome_of(json.dumps(group))
    assert found == counts
    assert [each.partition("could not run: ")[2] for each in notes] == ([note] if note else [])


def test_a_benchmark_without_controls_is_no_clean_scan() -> None:
    """Nothing was looked at."""
    counts, notes = outcome_of(json.dumps({"group_id": "g", "controls": None, "groups": None}))
    assert (counts, notes) == ({}, ["Powerpipe has run no controls: the file has no results"])


def scc(**changes: object) -> dict[str, Any]:
    """A finding of Security Command Center."""
    finding: dict[str, Any] = {
        "name": "organizations/1/sources/2/findings/3",
        "category": "PUBLIC_BUCKET_ACL",
        "resourceName": "//storage.googleapis.com/b",
        "state": "ACTIVE",
        "eventTime": "2026-11-24T10:00:00Z",
        "severity": "HIGH",
    }
    return {"finding": finding | changes, "resource": {}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "Inactive"}, "PASS"),
        ({"state": None}, "FAIL"),
        ({"state": "active", "mute": "muted"}, "FAIL muted"),
        ({"state": "RESOLVED"}, "bad"),
    ],
)
def test_states_of_security_command_center_are_read_as_words(changes: dict[str, Any], expected: str) -> None:
    """Without a state a finding is active."""
    assert outcome_of(json.dumps([scc(**changes)])) == ({expected: 1}, [])


DEFENDER: Final = "subscriptionId,resourceId,recommendationName,severity,state,cloud,nativeCloudAccountId\n"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("sub,/r,rec,High,Unhealthy,Azure,", ("FAIL", False, "azure", "sub")),
        ("sub,/r,rec,High,unhealthy,AWS,111122223333", ("FAIL", False, "aws", "111122223333")),
        ("sub,/r,rec,High,OffByPolicy,GCP,shop", ("MANUAL", True, "gcp", "shop")),
        ("sub,/r,rec,High,Exempt,,", ("FAIL", True, "azure", "sub")),
    ],
)
def test_defender_names_the_cloud_of_connected_accounts(row: str, expected: tuple[str, bool, str, str]) -> None:
    """Defender for Cloud also looks at accounts of Amazon and projects of Google."""
    [finding] = [each for each in items_of(f"{DEFENDER}{row}\n") if isinstance(each, Finding)]
    assert (finding.status, finding.is_muted, finding.provider, finding.account_id) == expected


def test_a_prowler_csv_without_a_column_of_statuses_is_quarantined() -> None:
    """Row by row, with the reason; not an error of the program."""
    assert outcome_of("AUTH_METHOD;TIMESTAMP;CHECK_ID\na;2026-11-24;s3_x\n") == ({"bad": 1}, [])


PROWLER: Final = "AUTH_METHOD;TIMESTAMP;CHECK_ID;STATUS;RESOURCE_UID;SEVERITY;STATUS_EXTENDED\n"


def prowler_row(names: str, **values: str) -> str:
    """A row with the columns of a header."""
    row = {"timestamp": "2026-11-24T10:00:00Z", "check_id": "s3_x", "status": "FAIL", "severity": "high"} | values
    return ";".join(row.get(name.lower(), "") for name in names.strip().split(";")) + "\n"


@pytest.mark.parametrize(
    "names",
    [PROWLER, PROWLER.replace("AUTH_METHOD;", ""), "STATUS_EXTENDED;RESOURCE_UID;STATUS;CHECK_ID;SEVERITY;TIMESTAMP\n"],
)
@pytest.mark.parametrize("rows", [1, 4000])
def test_a_header_of_another_version_holds_for_the_rows_after_it(names: str, rows: int) -> None:
    """Prowler appends to a file of the same name, also to one of another version with other columns."""
    first = "".join(prowler_row(PROWLER, status="PASS", resource_uid=f"a{number}") for number in range(rows))
    second = "".join(prowler_row(names, resource_uid=f"b{number}", status_extended="x") for number in range(rows))
    text = PROWLER + first + names + second
    findings = [each for each in items_of(text) if isinstance(each, Finding)]
    assert Counter((each.status.value, each.resource_uid[0], each.status_detail) for each in findings) == {
        ("PASS", "a", ""): rows,
        ("FAIL", "b", "x"): rows,
    }
    assert len(items_of(text)) == len(findings)


def test_the_separator_line_of_excel_is_skipped() -> None:
    """``sep=;`` is no header."""
    assert outcome_of(f"sep=;\n{PROWLER}{prowler_row(PROWLER)}") == ({"FAIL": 1}, [])
