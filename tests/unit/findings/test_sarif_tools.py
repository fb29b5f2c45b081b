"""SARIF as CodeQL, Semgrep, Trivy, KICS and others write it: each uses other optional fields."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from policycortex.findings.formats.sarif import parse_sarif
from policycortex.findings.model import Finding
from tests.unit.findings.ocsf_records import parsed

WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
PLACE = [{"physicalLocation": {"artifactLocation": {"uri": "a/b.py", "index": 0}, "region": {"startLine": 3}}}]


def read(tool: dict[str, Any], *results: dict[str, Any], **run: object) -> tuple[list[Finding], list[str]]:
    """Findings of one run, and the reasons of quarantined records."""
    complete = [{"message": {"text": "m"}, "locations": PLACE} | result for result in results]
    content = json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": complete, **run}]}).encode()
    good, bad = parsed(partial(parse_sarif, written_at=WRITTEN), content)
    return good, [each.reason for each in bad]


def driver(*checks: object) -> dict[str, Any]:
    """A tool with these checks in its driver."""
    return {"driver": {"name": "Tool", "rules": list(checks)}}


def test_codeql_lists_its_checks_in_an_extension() -> None:
    """A reference may be only the positions of extension and check; a time without zone is UTC."""
    check = {"id": "py/sqli", "shortDescription": {"text": "Injection"}, "properties": {"security-severity": "8.8"}}
    tool = {
        "driver": {"name": "CodeQL", "semanticVersion": "2.15.0", "rules": [{"id": "other"}]},
        "extensions": [{"name": "empty"}, {"name": "codeql/python-queries", "rules": [check]}],
    }
    reference = {"index": 0, "toolComponent": {"index": 1}}
    found, bad = read(
        tool,
        {"ruleId": "py/sqli", "ruleIndex": 0, "rule": {"id": "py/sqli", **reference}},
        {"rule": reference},
        invocations=[{"executionSuccessful": True, "startTimeUtc": "2026-10-05T06:00:00.123"}],
    )
    assert bad == []
    assert {(f.check_id, f.title, f.severity) for f in found} == {("py/sqli", "Injection", "high")}
    assert {f.observed_at for f in found} == {datetime(2026, 10, 5, 6, 0, 0, 123000, tzinfo=UTC)}


def test_semgrep_without_login_gives_no_fingerprint() -> None:
    """Every result has the same text as fingerprint, so the position distinguishes them."""
    prints = {"matchBasedId/v1": "requires login"}
    (finding,), _ = read(driver(), {"ruleId": "r1", "fingerprints": prints})
    assert finding.finding_uid == "r1:a/b.py:3"
    (finding,), _ = read(driver(), {"ruleId": "r1", "fingerprints": prints, "partialFingerprints": {"p": "77"}})
    assert finding.finding_uid == "77"


@pytest.mark.parametrize(
    ("changes", "status", "is_muted"),
    [
        ({"kind": "informational", "level": "none"}, "MANUAL", False),
        ({"kind": "notApplicable"}, "MANUAL", True),
        ({"kind": "open"}, "MANUAL", False),
        ({"kind": "pass"}, "PASS", False),
        ({"baselineState": "absent"}, "FAIL", True),
        ({"baselineState": "unchanged"}, "FAIL", False),
        ({"baselineState": "new", "suppressions": [{"kind": "external", "status": "accepted"}]}, "FAIL", True),
    ],
)
def test_a_result_without_outcome_is_neither_pass_nor_fail(
    changes: dict[str, Any], status: str, is_muted: bool
) -> None:
    """KICS calls its notes informational; a result that is absent since the baseline no longer fails."""
    (finding,), bad = read(driver({"id": "g1"}), {"ruleId": "g1", **changes})
    assert (bad, finding.status, finding.is_muted) == ([], status, is_muted)


def test_messages_of_the_check_and_invalid_entries_in_its_list() -> None:
    """A message by its id; a bad entry in the list of checks keeps its position and affects no other."""
    check = {"id": "g2", "messageStrings": {"default": {"text": "{0} is open to {1}."}}}
    found, bad = read(
        driver({"name": "no id"}, check, 7),
        {"ruleIndex": 1, "message": {"id": "default", "arguments": ["b", "all"]}},
        {"ruleIndex": 0},
        {"ruleIndex": -1, "ruleId": "g3"},
        {"ruleId": "g2", "baselineState": "odd"},
    )
    assert [(f.check_id, f.status_detail, f.severity) for f in found] == [
        ("g2", "b is open to all.", "medium"),
        ("Tool", "m", "medium"),
        ("g3", "m", "medium"),
        ("g2", "m", "medium"),
    ]
    assert bad == []
