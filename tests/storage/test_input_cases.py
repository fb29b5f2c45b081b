"""Minimal files from public reports of other people, imported as a user imports them; each with its right outcome."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policycortex.errors import InputError
from policycortex.findings.model import Finding, NoteKind, ScanNote
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import FileOutcome, IngestSummary, ingest_files
from tests.support.empty_homes import copy_home
from tests.support.found_files import find_sources, read_findings

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder of cases."""
    folder = shared / "cases" / "inputs"
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}")
    return folder


@pytest.fixture(autouse=True)
def home(empty_home: Path, tmp_path: Path) -> Path:
    """Where ``ingested`` imports to."""
    return copy_home(empty_home, tmp_path / "home")


def findings_of(path: Path) -> list[Finding]:
    """The findings of one file."""
    (source,) = find_sources([path])
    return [each for each in read_findings(source) if isinstance(each, Finding)]


def ingested(tmp_path: Path, *paths: Path) -> IngestSummary:
    """Import the files into the home and judge their days."""
    settings = Settings(home=tmp_path / "home")
    done = ingest_files(settings, paths, organization="acme", now=NOW)
    with open_lake(settings) as lake:
        lake.state.rebuild_state(done.dates)
        assert lake.reconciliation.load_import_totals()["is_reconciled"].all()
    return done


COUNTS = {
    "ansi-in-message/report.ocsf.json": (1, 1, 0),
    "checkov-concatenated/out.json": (2, 2, 0),
    "prowler-4.0-4.4-event-time/prowler-output-4.2.ocsf.json": (3, 3, 0),
    "missing-azure-defender-csv/many_vulns.csv": (4, 4, 0),
    "missing-kube-bench-json/kube-bench-report-many-vuln.json": (24, 24, 0),
    "missing-trivy-config-json/misconfigurations_and_secrets.json": (5, 5, 0),
    "prowler-app-zip/tenant-scan.zip": (2, 2, 0),
    "prowler-csv-v5/example_output_aws.csv": (4, 4, 0),
    "prowler-same-filename-append/report.ocsf.json": (4, 4, 0),
    "prowler-utf16-powershell/report.ocsf.json": (2, 2, 0),
    "sarif-go-zero-time/x.sarif": (1, 1, 0),
    "sarif-no-ruleid/x.sarif": (1, 1, 0),
    "sarif-severity-empty/x.sarif": (1, 1, 0),
    "sarif-severity-words/x.sarif": (1, 1, 0),
    "sechub-eventbridge/event.json": (1, 1, 0),
    "sechub-eventbridge/firehose-1": (3, 3, 0),
    "sechub-eventbridge/firehose.json": (3, 3, 0),
}
"""File: records read, kept and quarantined."""


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_of_a_case_is_read(tmp_path: Path, cases: Path, name: str) -> None:
    """None is lost, none is quarantined."""
    done = ingested(tmp_path, cases / name)
    assert (done.read, done.kept, done.quarantined) == COUNTS[name]
    assert not any(each.is_failure for each in done.outcomes)


@pytest.mark.parametrize(
    ("name", "clean_scans"), [("sarif-clean-scan/clean.sarif", 1), ("checkov-zero-summary/results_json.json", 1)]
)
def test_a_clean_scan_is_a_success_and_is_recorded(tmp_path: Path, cases: Path, name: str, clean_scans: int) -> None:
    """Zero findings, one scan; the same file again is the same import."""
    done = ingested(tmp_path, cases / name)
    assert [(each.read, each.kept, each.clean_scans, each.is_new) for each in done.files] == [(0, 0, clean_scans, True)]
    assert [each.outcome for each in done.outcomes] == [FileOutcome.CLEAN]
    again = ingest_files(Settings(home=tmp_path / "home"), [cases / name], organization="acme", now=NOW)
    assert [(each.clean_scans, each.is_new) for each in again.files] == [(clean_scans, False)]


def test_a_clean_scan_keeps_no_neighbour_out(tmp_path: Path, cases: Path) -> None:
    """The good file of the folder is imported, the clean one is recorded."""
    folder = cases / "folder-clean-scan-blocks-others"
    done = ingested(tmp_path, *(folder / name for name in ("a.ocsf.json", "z.sarif")))
    assert [(each.file_name, each.outcome) for each in done.outcomes] == [
        ("a.ocsf.json", FileOutcome.IMPORTED),
        ("z.sarif", FileOutcome.CLEAN),
    ]
    assert done.kept == done.read > 0


def test_a_bad_file_keeps_no_neighbour_out(tmp_path: Path, cases: Path) -> None:
    """Empty, unknown, missing and wholly quarantined files are each named; the good one between them is imported."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").touch()
    (folder / "b.json").write_text('{"a": 1}')
    (folder / "c.ocsf.json").write_bytes((cases / "folder-clean-scan-blocks-others" / "a.ocsf.json").read_bytes())
    (folder / "d.json").write_text('[{"class_uid": 2004, "metadata": {}, "finding_info": {"uid": ""}, "status_id": 1}]')
    (folder / "notes.md").write_text("# Notes")
    done = ingested(tmp_path, folder, tmp_path / "missing.json")
    outcomes = {each.file_name: (each.outcome, each.reason) for each in done.outcomes}
    assert done.kept > 0
    assert outcomes["c.ocsf.json"][0] is FileOutcome.IMPORTED
    assert outcomes["d.json"][0] is FileOutcome.UNREADABLE
    assert outcomes["notes.md"][0] is FileOutcome.SKIPPED
    assert "is empty" in outcomes["a.json"][1]
    assert "not a known finding format" in outcomes["b.json"][1]
    assert "does not exist" in outcomes["missing.json"][1]
    assert done.quarantined == 1


def test_only_bad_files_are_an_error_with_all_reasons(tmp_path: Path) -> None:
    """Nothing was imported: the caller gets the reason of each file."""
    (tmp_path / "a.json").touch()
    with pytest.raises(InputError, match=r"b\.json does not exist.*a\.json is empty"):
        ingested(tmp_path, tmp_path / "a.json", tmp_path / "b.json")


def test_files_that_checkov_could_not_parse_are_named(tmp_path: Path, cases: Path) -> None:
    """Two files were not looked at: this is no clean scan."""
    (receipt,) = ingested(tmp_path, cases / "checkov-parsing-errors" / "out.json").files
    expected = ScanNote(kind=NoteKind.SCAN_PROBLEM, text="Checkov could not parse 2 files: /broken.tf, /other.tf")
    assert (receipt.notes, receipt.clean_scans) == ((expected,), 0)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ('"results": [], "invocations": [{"executionSuccessful": false, "exitCodeDescription": "no network"}]',
         "T reports that its run failed: no network"),
        ('"results": null', "the run of T has no list of results: it did not finish"),
    ],
)  # fmt: skip
def test_a_failed_scan_is_no_clean_scan(tmp_path: Path, run: str, expected: str) -> None:
    """The tool itself tells that it failed, or wrote no list of results."""
    path = tmp_path / "x.sarif"
    path.write_text('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, ' + run + "}]}")
    (receipt,) = ingested(tmp_path, path).files
    assert receipt.clean_scans == 0
    assert expected in [each.text for each in receipt.notes]


def test_a_scan_that_failed_is_no_success(tmp_path: Path, cases: Path) -> None:
    """It is named with its problem and counts as a failure; its neighbours are imported."""
    folder = cases / "checkov-parsing-errors"
    good = cases / "folder-clean-scan-blocks-others" / "a.ocsf.json"
    done = ingested(tmp_path, folder / "out.json", good)
    failed = next(each for each in done.outcomes if each.file_name == "out.json")
    assert (failed.outcome, failed.is_failure) == (FileOutcome.NO_RESULTS, True)
    assert failed.reason.endswith("no clean scan: Checkov could not parse 2 files: /broken.tf, /other.tf")
    assert done.kept > 0
    with pytest.raises(InputError, match="no clean scan"):
        ingest_files(Settings(home=tmp_path / "home"), [folder], organization="acme", now=NOW).refuse_unreadable()


def test_values_of_the_sarif_cases(cases: Path) -> None:
    """Severities are words; a result without a rule bears its tool's name; a time before 2000 is no time."""
    assert [each.severity for each in findings_of(cases / "sarif-severity-words" / "x.sarif")] == ["medium"]
    assert [each.severity for each in findings_of(cases / "sarif-severity-empty" / "x.sarif")] == ["medium"]
    (unnamed,) = findings_of(cases / "sarif-no-ruleid" / "x.sarif")
    assert (unnamed.check_id, unnamed.status_detail) == ("Tool", "AWS secret found")
    path = cases / "sarif-go-zero-time" / "x.sarif"
    (dated,) = findings_of(path)
    assert dated.observed_at == datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def test_times_of_prowler_before_4_5_are_read_as_utc(tmp_path: Path, cases: Path) -> None:
    """``event_time`` has no offset: UTC, with a note."""
    path = cases / "prowler-4.0-4.4-event-time" / "prowler-output-4.2.ocsf.json"
    first = findings_of(path)[0]
    assert first.observed_at == datetime(2024, 4, 8, 11, 33, 51, 870861, UTC)
    (receipt,) = ingested(tmp_path, path).files
    assert [(each.kind, each.count) for each in receipt.notes] == [(NoteKind.ASSUMED_VALUE, 3)]


REFUSED = {
    "missing-inspector2-native/aws_inspector2_one_vul.json": "Amazon Inspector JSON",
    "missing-kics-json/many_findings.json": "KICS JSON",
    "missing-scoutsuite-js/scoutsuite_sample.js": "ScoutSuite",
    "missing-wiz-csv/one_finding.csv": "Wiz CSV",
    "prowler-3-native-json/prowler-v3.json": "Prowler 3 JSON",
}
"""File: the name by which it is refused."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_known_scanner_that_is_not_read_is_refused_by_name(tmp_path: Path, cases: Path, name: str) -> None:
    """With what to do: a command or the columns of the documentation."""
    with pytest.raises(InputError, match=f"is {REFUSED[name]}, which is not read: ") as caught:
        ingested(tmp_path, cases / name)
    assert any(word in str(caught.value) for word in (": prowler ", "sarif", "get-findings", "docs/inputs.md"))


def test_values_of_trivy(cases: Path) -> None:
    """Two vulnerabilities, one misconfiguration, two secrets; check ids in one form, no text of a secret."""
    findings = findings_of(cases / "missing-trivy-config-json" / "misconfigurations_and_secrets.json")
    assert [each.check_id for each in findings] == [
        "CVE-2021-33503", "CVE-2021-28363", "DS-0002", "github-pat", "github-pat",
    ]  # fmt: skip
    assert [each.severity for each in findings] == ["high", "medium", "high", "critical", "critical"]
    assert {each.status for each in findings} == {"FAIL"}
    assert (findings[2].provider, findings[2].resource_uid) == ("docker", "Dockerfile")
    assert "GITHUB_PAT" not in str(findings)


def test_values_of_kube_bench(cases: Path) -> None:
    """20 passed, 4 failed; ids with the benchmark's version."""
    findings = findings_of(cases / "missing-kube-bench-json" / "kube-bench-report-many-vuln.json")
    assert [sum(each.status == status for each in findings) for status in ("PASS", "FAIL")] == [20, 4]
    assert (findings[0].check_id, findings[0].provider) == ("cis-1.5/3.1.1", "kubernetes")


def test_values_of_prowlers_csv(cases: Path) -> None:
    """Status, severity, relations and the time, which has no offset and is read as UTC."""
    findings = findings_of(cases / "prowler-csv-v5" / "example_output_aws.csv")
    assert [each.status for each in findings] == ["FAIL", "MANUAL", "FAIL", "MANUAL"]
    assert [each.severity for each in findings] == ["low", "medium", "medium", "medium"]
    first = findings[0]
    assert (first.source, first.provider, first.check_id) == ("prowler", "aws", "accessanalyzer_enabled")
    assert first.observed_at == datetime(2025, 2, 14, 14, 27, 3, 913874, UTC)
    relations = json.loads(first.relations)
    assert (relations["CIS-1.4"], relations["KISA-ISMS-P-2023"][:2]) == (["1.20"], ["2.5.6", "2.6.4"])


def test_values_of_defender_for_cloud(cases: Path) -> None:
    """Status, severity, resource, and the time of the export."""
    findings = findings_of(cases / "missing-azure-defender-csv" / "many_vulns.csv")
    assert sum(each.status == "FAIL" for each in findings) == 3
    first = findings[0]
    assert (first.provider, first.severity, first.resource_name) == ("azure", "low", "my_virtual_network")
    assert (first.check_id, first.account_name) == ("f67fb4ed-d481-44d7-91e5-efadf504f74a", "My first subscription")
    assert first.observed_at == datetime(2021, 9, 28, 16, 1, 10, 373000, UTC)


def test_the_csv_beside_an_ocsf_file_of_the_same_scan_is_not_read_twice(tmp_path: Path, cases: Path) -> None:
    """Prowler writes both; the archive's CSV is named as skipped."""
    done = ingested(tmp_path, cases / "prowler-app-zip" / "tenant-scan.zip")
    assert [(each.file_name, each.outcome) for each in done.outcomes] == [
        ("tenant-scan.zip/prowler-output.ocsf.json", FileOutcome.IMPORTED),
        ("tenant-scan.zip/prowler-output.csv", FileOutcome.SKIPPED),
    ]


def test_escape_sequences_of_terminals_are_replaced(cases: Path) -> None:
    """Each control character becomes one replacement character; the rest of the text is kept."""
    (finding,) = findings_of(cases / "ansi-in-message" / "report.ocsf.json")
    assert finding.status_detail == "\N{REPLACEMENT CHARACTER}[31mdenied\N{REPLACEMENT CHARACTER}[0m"
