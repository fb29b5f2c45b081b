"""SARIF and Checkov: scanners of code, whose records are deep inside one object."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.formats.checkov import parse_checkov
from policycortex.findings.formats.sarif import parse_sarif
from policycortex.findings.model import ParsedItem
from tests.unit.findings.ocsf_records import parsed

WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)


def sarif(stream: BinaryIO) -> Iterator[ParsedItem]:
    """SARIF of a file written at WRITTEN."""
    return parse_sarif(stream, written_at=WRITTEN)


def checkov(stream: BinaryIO) -> Iterator[ParsedItem]:
    """Checkov JSON of a file written at WRITTEN."""
    return parse_checkov(stream, written_at=WRITTEN)


def sarif_file(*results: dict[str, Any], **run: object) -> bytes:
    """A SARIF log of one run in which the tool follows the results, as JSON allows."""
    check = {"id": "A1", "shortDescription": {"text": "No secrets"}, "defaultConfiguration": {"level": "note"}}
    scored = {"id": "A2", "properties": {"security-severity": "9.8"}}
    tool = {"driver": {"name": "Scan", "version": "2", "rules": [check, scored]}}
    return json.dumps({"version": "2.1.0", "runs": [{"results": results, "tool": tool, **run}]}).encode()


def result(**changes: object) -> dict[str, Any]:
    """One result."""
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/main.tf"}, "region": {"startLine": 7}}}
    return {"ruleId": "A1", "level": "error", "message": {"text": "Found one."}, "locations": [place], **changes}


def test_a_sarif_result_is_a_finding() -> None:
    """Titles come from the tool's list, even if it follows the results."""
    good, bad = parsed(sarif, sarif_file(result()))
    assert bad == []
    finding = good[0]
    assert (finding.check_id, finding.title, finding.status_detail) == ("A1", "No secrets", "Found one.")
    assert (finding.source, finding.source_version, finding.resource_uid) == ("scan", "2", "src/main.tf#L7")
    assert (finding.status, finding.severity, finding.observed_at) == ("FAIL", "high", WRITTEN)


def test_a_sarif_run_gives_time_and_repository() -> None:
    """The run's own time has precedence over the file's."""
    invocations = [{"executionSuccessful": True, "endTimeUtc": "2026-10-05T06:00:00Z"}]
    content = sarif_file(
        result(), invocations=invocations, versionControlProvenance=[{"repositoryUri": "https://example.com/shop"}]
    )
    good, _ = parsed(sarif, content)
    assert good[0].observed_at == datetime(2026, 10, 5, 6, tzinfo=UTC)
    assert good[0].account_id == "https://example.com/shop"


@pytest.mark.parametrize(
    ("changes", "status", "severity", "is_muted"),
    [
        ({"kind": "pass", "level": "none"}, "PASS", "low", False),
        ({"kind": "review"}, "MANUAL", "low", False),
        ({"level": None, "ruleId": "B9"}, "FAIL", "medium", False),
        ({"level": "warning"}, "FAIL", "medium", False),
        ({"ruleId": "A2", "level": "note"}, "FAIL", "critical", False),
        ({"ruleId": None, "ruleIndex": 1}, "FAIL", "critical", False),
        ({"suppressions": [{"kind": "inSource"}]}, "FAIL", "high", True),
        ({"suppressions": [{"kind": "external", "status": "rejected"}]}, "FAIL", "high", False),
        ({"suppressions": []}, "FAIL", "high", False),
    ],
)
def test_sarif_kinds_levels_and_suppressions(
    changes: dict[str, Any], status: str, severity: str, is_muted: bool
) -> None:
    """A score has precedence over a level; a rejected suppression does not mute."""
    record = {key: value for key, value in result(**changes).items() if value is not None}
    (finding,), bad = parsed(sarif, sarif_file(record))
    assert bad == []
    assert (finding.status, finding.severity, finding.is_muted) == (status, severity, is_muted)


def test_bad_sarif_results_are_quarantined_one_by_one() -> None:
    """The good one between them is kept, and offsets point at the bad ones."""
    content = sarif_file(result(kind="odd"), result(), {"message": {}}, result(level="odd"))
    good, bad = parsed(sarif, content.replace(b'"Found one."', b"NaN", 1))
    assert [(each.check_id, each.severity) for each in good] == [("A1", "high"), ("Scan", "medium"), ("A1", "medium")]
    assert [each.reason.split(",")[0] for each in bad] == ["invalid JSON: NaN is not a JSON value"]
    assert content.replace(b'"Found one."', b"NaN", 1)[bad[0].byte_offset :].startswith(b'{"ruleId"')


def test_a_cut_sarif_file_is_reported() -> None:
    """After its complete records."""
    content = sarif_file(*[result() for _ in range(50)])
    with pytest.raises(TruncatedFileError):
        list(sarif(BytesIO(content[:-400])))
    with pytest.raises(InputError, match="damaged"):
        list(sarif(BytesIO(content.replace(b'"runs":', b'"runs"'))))


def test_the_real_sarif_file_is_read(shared: Path) -> None:
    """63 results of Checkov, one of them suppressed in the source."""
    good, bad = parsed(sarif, (shared / "findings/checkov/results_sarif.sarif").read_bytes())
    assert (len(good), bad) == (63, [])
    assert Counter(each.provider for each in good) == {"aws": 41, "kubernetes": 19, "docker": 3}
    assert [each.check_id for each in good if each.is_muted] == ["CKV_AWS_27"]


def test_the_real_checkov_file_is_read(shared: Path) -> None:
    """62 failed checks of three frameworks."""
    good, bad = parsed(checkov, (shared / "findings/checkov/results_json.json").read_bytes())
    assert (len(good), bad) == (62, [])
    assert Counter(each.service for each in good) == {"terraform": 40, "kubernetes": 19, "dockerfile": 3}
    assert {each.source_version for each in good} == {"3.3.30"}


def checkov_object(**arrays: list[dict[str, Any]]) -> dict[str, Any]:
    """Checkov's output for one framework."""
    return {"check_type": "terraform", "results": arrays, "summary": {"checkov_version": "3.3.30"}, "url": "x"}


def check(outcome: str, **changes: object) -> dict[str, Any]:
    """One check of Checkov."""
    return {
        "check_id": "CKV_AZURE_3",
        "check_name": "Ensure it is closed",
        "check_result": {"result": outcome, "suppress_comment": "accepted"},
        "resource": "module.a.azurerm_storage_account.b",
        "file_path": "/main.tf",
        "file_line_range": [3, 9],
        "severity": "CRITICAL",
        "entity_tags": {"stage": "prd"},
        **changes,
    }


def test_checkov_objects_and_lists_of_them() -> None:
    """Passed, failed, skipped (muted) and unknown checks."""
    one = checkov_object(
        passed_checks=[check("PASSED")],
        failed_checks=[check("FAILED"), check("UNKNOWN")],
        skipped_checks=[check("SKIPPED")],
    )
    good, bad = parsed(checkov, json.dumps(one, indent=4).encode())
    assert bad == []
    assert [(each.status, each.is_muted) for each in good] == [
        ("PASS", False),
        ("FAIL", False),
        ("MANUAL", False),
        ("FAIL", True),
    ]
    first = good[0]
    assert (first.provider, first.severity, first.environment_tag) == ("azure", "critical", "production")
    assert (first.resource_type, first.observed_at) == ("azurerm_storage_account", WRITTEN)
    both, _ = parsed(checkov, json.dumps([one, one]).encode())
    assert len(both) == 8


def test_bad_checkov_checks_are_quarantined() -> None:
    """The reason names the unknown value or the missing key."""
    records = [check("ODD"), check("FAILED", severity="ODD"), {"check_id": "X"}, check("FAILED")]
    good, bad = parsed(checkov, json.dumps(checkov_object(failed_checks=records)).encode())
    assert [each.severity for each in good] == ["medium", "critical"]
    assert [each.reason for each in bad] == ["unknown check_result.result 'ODD'", "missing key check_result"]
