"""Odd reports in every type and format: each file read back says the same score, totals and requirement results."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportFormat, ReportType, RequirementKind, RequirementTag
from policycortex.rendering.artifacts import render_artifact
from policycortex.reports.registry import shown_sections
from tests.golden.readers import Page, read_csv, read_json, read_pdf_text, read_sheet, read_word_text

Build = Callable[..., ReportDocument]
_ENGLISH = open_locale("en")
_ODD: Mapping[str, Mapping[str, int]] = {
    "empty period": {"findings": 0},
    "nothing at all": {"findings": 0, "requirements": 0},
    "one finding": {"findings": 1},
    "300 accounts": {"findings": 300, "accounts": 300},
    "500 requirements": {"findings": 60, "requirements": 500},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What one file says; None where its format does not tell."""

    score: float | None
    failing: int
    findings: int
    results: Mapping[str, str] | None


def _expected(document: ReportDocument) -> Statements:
    return Statements(
        score=document.summary.compliance_score,
        failing=document.summary.total_violations,
        findings=document.findings.total,
        results={row.id: row.result.value for row in document.requirements},
    )


def _from_json(path: Path) -> Statements:
    report = read_json(path)
    assert report["completeness"]["findings_included"] == report["completeness"]["findings_total"]
    return Statements(
        score=report["summary"]["compliance_score"],
        failing=report["summary"]["total_violations"],
        findings=len(report["findings"]),
        results={row["id"]: row["result"] for row in report["requirements"]},
    )


def _from_oscal(path: Path) -> Statements:
    result = read_json(path)["assessment-results"]["results"][0]
    totals, findings = _props(result), [_props(node) for node in result.get("findings", [])]
    score = totals.get("compliance_score")
    return Statements(
        score=None if score is None else float(score),
        failing=int(totals["total_violations"]),
        findings=len(result.get("observations", [])),
        results={props["requirement-id"]: props["result"] for props in findings},
    )


def _props(node: Mapping[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in node["props"]}


def _from_excel(path: Path, document: ReportDocument) -> Statements:
    figures = {row[0]: row[1] for row in read_sheet(path, "Summary") if row[0]}
    words = {_ENGLISH.text(f"result.{name}"): name for name in document.summary.result_counts}
    rows = read_sheet(path, "Requirements")[1:] if document.requirements else []
    score = figures["Compliance score"]
    return Statements(
        score=score if isinstance(score, int | float) else None,
        failing=figures["Failing findings"],
        findings=sum(any(row) for row in read_sheet(path, "Findings")[1:]),
        results={row[0]: words[row[3]] for row in rows},
    )


def _from_ocsf(path: Path) -> tuple[int, int]:
    """Events, and those that fail, are not suppressed and not waived."""
    events = json.loads(path.read_bytes())
    open_ones = [event for event in events if (event["status_code"], event["status_id"]) == ("FAIL", 1)]
    return len(events), sum(not event["unmapped"]["waived"] for event in open_ones)


def _check_words(text: str, document: ReportDocument) -> None:
    """What people read: the score or that there is none, the failing findings, requirements by result, and no holes."""
    assert _ENGLISH.score(document.summary.compliance_score) in text
    assert re.search(rf"Failing findings {_ENGLISH.number(document.summary.total_violations)}\b", text)
    assert not re.search(r"\bNone\b|\bnan\b|\bundefined\b", text)
    for name, count in document.summary.result_counts.items() if document.requirements else ():
        if count:
            assert f"{_ENGLISH.text(f'result.{name}')} {_ENGLISH.number(count)}" in text


@pytest.mark.parametrize("kind", [kind for kind in ReportType if kind is not ReportType.POAM])
@pytest.mark.parametrize("odd", _ODD)
def test_odd_reports_say_the_same_everywhere(build: Build, tmp_path: Path, kind: ReportType, odd: str) -> None:
    """All formats but those on paper of each odd report, each type: same numbers; every requirement is named."""
    document = build(type=kind, **_ODD[odd])
    expected = _expected(document)
    made = {
        each: render_artifact(document, each, tmp_path).path
        for each in ReportFormat
        if each not in {ReportFormat.PDF, ReportFormat.DOCX}
    }
    assert _from_json(made[ReportFormat.JSON]) == expected
    assert _from_oscal(made[ReportFormat.OSCAL]) == expected
    assert _from_excel(made[ReportFormat.EXCEL], document) == expected
    if kind is not ReportType.INDICATOR_HISTORY:  # whose CSV file is the history
        rows = read_csv(made[ReportFormat.CSV])
        assert len(rows) == expected.findings
        deciding = [row for row in rows if (row["status"], row["muted"], row["waived"]) == ("FAIL", "false", "false")]
        assert len(deciding) == expected.failing
    typed = pl.read_parquet(made[ReportFormat.PARQUET])
    assert typed.height == expected.findings
    assert typed.filter((pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived")).height == expected.failing
    assert _from_ocsf(made[ReportFormat.OCSF]) == (expected.findings, expected.failing)
    page = Page(made[ReportFormat.HTML].read_text(encoding="utf-8"))
    _check_words(page.text, document)
    if expected.findings and any(section.id == "findings" for section in shown_sections(document)):
        assert len(json.loads(page.embedded["finding-data"])["status"]["codes"]) == expected.findings


def test_every_format_says_what_a_requirement_is(build: Build, tmp_path: Path) -> None:
    """Its description, kind and marks where requirements are described; open conditions where they are listed."""
    document = build(type=ReportType.AUDIT)
    first = next(row for row in document.requirements if row.checks)
    row = replace(
        first,
        description="Managers decide who may sign in.",
        kind=RequirementKind.CONTROL,
        tags=(RequirementTag.LEVEL_2, RequirementTag.SERVICE_PROVIDER),
        open_conditions=3,
    )
    document = replace(document, requirements=(row, *(each for each in document.requirements if each is not first)))
    made = {each: render_artifact(document, each, tmp_path).path for each in ReportFormat}
    written = next(each for each in read_json(made[ReportFormat.JSON])["requirements"] if each["id"] == row.id)
    assert (written["description"], written["kind"]) == (row.description, "control")
    assert (written["tags"], written["open_conditions"]) == (["level_2", "service_provider"], 3)
    (finding, *_) = read_json(made[ReportFormat.OSCAL])["assessment-results"]["results"][0]["findings"]
    assert finding["description"] == row.description
    wanted = {"kind": "control", "tags": "level_2, service_provider", "open_conditions": "3"}
    assert wanted.items() <= _props(finding).items()
    head, cells, *_ = read_sheet(made[ReportFormat.EXCEL], "Requirements")
    assert dict(zip(head[-4:], cells[-4:], strict=True)) == {
        "Kind": "control",
        "Description": row.description,
        "Marks": "level 2, service providers only",
        "Conditions not evaluated": 3,
    }
    detail = f"{row.id} {row.title} (control, level_2, service_provider): {row.description}"
    details = [each["requirement_details"].split("; ") for each in read_csv(made[ReportFormat.CSV])]
    assert {text for texts in details for text in texts if text.startswith(f"{row.id} ")} == {detail}
    for text in (
        Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text,
        read_pdf_text(made[ReportFormat.PDF]),
        read_word_text(made[ReportFormat.DOCX]),
    ):
        assert "(control) (level 2, service providers only)" in text
        assert row.description in text
        assert "3 conditions on the scanner's configuration not evaluated" in text


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        (ReportType.COMPLIANCE, "empty period"),
        (ReportType.TREND, "nothing at all"),
        (ReportType.REMEDIATION, "one finding"),
        (ReportType.RISK, "300 accounts"),
    ],
)
def test_odd_reports_make_sense_on_paper(build: Build, tmp_path: Path, kind: ReportType, odd: str) -> None:
    """PDF and Word document of an odd report say the same numbers as the others."""
    document = build(type=kind, **_ODD[odd])
    _check_words(read_word_text(render_artifact(document, ReportFormat.DOCX, tmp_path).path), document)
    _check_words(read_pdf_text(render_artifact(document, ReportFormat.PDF, tmp_path).path), document)
