"""Every format says the same, hides nothing and lets no text act; files are read by tools that did not write them."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest

from policycortex.documents.locales import load_locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.documents.template_files import templates_folder
from policycortex.names import FindingsDetail, ReportFormat, ReportType, RequirementResult
from policycortex.rendering.artifacts import RenderedArtifact, RenderingOptions, render_artifact
from policycortex.rendering.visible_text import show_controls
from policycortex.reports.registry import sections_of_type
from policycortex.spreadsheet_text import guard_formula
from tests.golden.readers import Page, read_cell_types, read_csv, read_json, read_pdf_text, read_sheet
from tests.support.samples.documents import HOSTILE

Build = Callable[..., ReportDocument]
_FORMATS = (ReportFormat.CSV, ReportFormat.JSON, ReportFormat.HTML, ReportFormat.EXCEL, ReportFormat.PDF)
_ENGLISH = load_locale("en", templates_folder() / "locales")
_EMPTY = {
    "comparison", "applicability", "frameworks", "nothing_in_scope", "statements", "statement_of_applicability",
    "comments",
}  # fmt: skip
"""Sections that the sample has nothing for: reports leave them out then."""


def _render(document: ReportDocument, folder: Path, *formats: ReportFormat) -> dict[ReportFormat, RenderedArtifact]:
    return {kind: render_artifact(document, kind, folder) for kind in formats or _FORMATS}


def _html(artifact: RenderedArtifact) -> Page:
    return Page(artifact.path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("findings", [0, 1, 120])
def test_all_formats_say_the_same(build: Build, tmp_path: Path, findings: int) -> None:
    """Score, failing findings, number of findings and each requirement's result agree between all five files."""
    document = build(findings=findings)
    made = _render(document, tmp_path)
    score, failing = _ENGLISH.score(document.summary.compliance_score), document.summary.total_violations
    results = {r.id: r.result for r in document.requirements}

    report = read_json(made[ReportFormat.JSON].path)
    assert report["summary"]["compliance_score"] == document.summary.compliance_score
    assert report["summary"]["total_violations"] == failing
    assert {r["id"]: r["result"] for r in report["requirements"]} == results
    assert len(report["findings"]) == report["completeness"]["findings_included"] == findings

    rows = read_csv(made[ReportFormat.CSV].path)
    assert len(rows) == findings
    counted = [r for r in rows if r["status"] == "FAIL" and (r["muted"], r["waived"]) == ("false", "false")]
    assert len(counted) == failing

    summary = read_sheet(made[ReportFormat.EXCEL].path, "Summary")
    figures = {row[0]: row[1] for row in summary if row[0]}
    assert figures["Compliance score"] == (
        document.summary.compliance_score if findings and document.summary.compliance_score is not None else score
    )
    assert figures["Failing findings"] == failing
    sheet = read_sheet(made[ReportFormat.EXCEL].path, "Requirements")[1:]
    assert {r[0]: r[3] for r in sheet} == {i: _ENGLISH.text(f"result.{result}") for i, result in results.items()}
    assert len(read_sheet(made[ReportFormat.EXCEL].path, "Findings")) - 1 == findings

    for text in (_html(made[ReportFormat.HTML]).text, read_pdf_text(made[ReportFormat.PDF].path)):
        assert score in text
        for result in RequirementResult:
            count = list(results.values()).count(result)
            if result in {RequirementResult.NOT_APPLICABLE, RequirementResult.SUPPORTING_EVIDENCE} and not count:
                continue
            assert f"{_ENGLISH.text(f'result.{result}')} {count}" in text


def test_rendering_again_gives_the_same_bytes(build: Build, tmp_path: Path) -> None:
    """Data files, HTML and Word documents of one document are byte-equal, whenever they are made."""
    document = build()
    kinds = tuple(kind for kind in ReportFormat if kind not in {ReportFormat.PDF, ReportFormat.EXCEL})
    first = {kind: artifact.path.read_bytes() for kind, artifact in _render(document, tmp_path, *kinds).items()}
    again = {kind: artifact.path.read_bytes() for kind, artifact in _render(document, tmp_path, *kinds).items()}
    assert first == again


def test_a_csv_file_begins_with_a_byte_order_mark_where_the_request_asks_for_it(build: Build, tmp_path: Path) -> None:
    """The rest is byte for byte the same."""
    document, marked = build(findings=5), tmp_path / "marked"
    marked.mkdir()
    plain = render_artifact(document, ReportFormat.CSV, tmp_path).path.read_bytes()
    with_mark = render_artifact(document, ReportFormat.CSV, marked, options=RenderingOptions(has_csv_bom=True))
    assert with_mark.path.read_bytes() == b"\xef\xbb\xbf" + plain


def test_csv_json_and_ocsf_are_what_they_were(
    build: Build, tmp_path: Path, golden: Callable[[str, bytes], None]
) -> None:
    """A small report, hostile texts in it, byte for byte."""
    document = build(findings=40, hostile=True)
    made = _render(document, tmp_path, ReportFormat.CSV, ReportFormat.JSON, ReportFormat.OCSF)
    for kind, artifact in made.items():
        shortened = artifact.path.read_bytes().replace(b"W" * 9_990, b"")
        golden(f"hostile.{kind.extension}", shortened)


def test_the_json_report_has_the_promised_keys(build: Build, tmp_path: Path) -> None:
    """Other programs rely on these names; times are ISO 8601 with Z."""
    report = read_json(_render(build(), tmp_path, ReportFormat.JSON)[ReportFormat.JSON].path)
    assert {"report", "summary", "requirements", "findings", "trend", "completeness"} <= set(report)
    assert {
        "id", "name", "type", "framework", "framework_version", "period", "scope", "generated_at", "snapshot",
    } <= set(report["report"])  # fmt: skip
    assert report["report"]["period"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    assert set(report["summary"]["score"]) == {
        "model", "model_version", "numerator", "denominator", "excluded", "coverage",
    }  # fmt: skip
    assert list(report["findings"][0]) == list(FINDING_COLUMNS)
    assert report["findings"][0]["observed_at"].endswith("Z")
    carried = {"is_scanned", "carried_from"}
    assert set(report["trend"][0]) == {"date", "compliance_score", "passed", "failed"} | carried


def test_a_given_date_range_stands_in_json_as_given(build: Build, tmp_path: Path) -> None:
    """The words of the request come back, not our half-open reading of them."""
    given = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}
    document = build()
    document = replace(document, header=replace(document.header, scope={"date_range": given}))
    report = read_json(_render(document, tmp_path, ReportFormat.JSON)[ReportFormat.JSON].path)
    assert report["report"]["period"] == given


def test_nothing_assessed_is_neither_0_nor_100(build: Build, tmp_path: Path) -> None:
    """Without findings the score is null in JSON and words elsewhere."""
    made = _render(build(findings=0), tmp_path)
    assert read_json(made[ReportFormat.JSON].path)["summary"]["compliance_score"] is None
    for text in (_html(made[ReportFormat.HTML]).text, read_pdf_text(made[ReportFormat.PDF].path)):
        assert "Compliance score Not assessed" in text
        assert "100.0%" not in text
        assert "0.0%" not in text


def test_the_workbook_holds_real_types(build: Build, tmp_path: Path) -> None:
    """Dates are dates, flags are booleans, counts are numbers."""
    path = _render(build(), tmp_path, ReportFormat.EXCEL)[ReportFormat.EXCEL].path
    head, first, *_ = read_sheet(path, "Findings")
    row = dict(zip(head, first, strict=True))
    assert isinstance(row["Last seen (UTC)"], datetime)
    assert isinstance(row["Failing since"], datetime)
    assert row["Muted"] is False
    assert isinstance(read_sheet(path, "Requirements")[5][4], int)
    assert isinstance(read_sheet(path, "Trend")[1][0], datetime)


def test_findings_go_on_in_a_next_sheet(build: Build, tmp_path: Path) -> None:
    """Past one sheet's rows nothing is lost: the rows of all sheets are the findings in order."""
    document = build(findings=250)
    path = render_artifact(document, ReportFormat.EXCEL, tmp_path, options=RenderingOptions(sheet_rows=100)).path
    sheets = [read_sheet(path, name)[1:] for name in ("Findings", "Findings 2", "Findings 3")]
    assert [len(rows) for rows in sheets] == [100, 100, 50]
    numbers = [row[0] for rows in sheets for row in rows]
    assert numbers == document.findings.head(250)["number"].to_list()


def test_hostile_text_is_text_in_every_format(build: Build, tmp_path: Path) -> None:
    """Formulas, markup, references, reading direction and endless words show as text; nothing new can act."""
    document = replace(build(findings=57, hostile=True), detail=FindingsDetail.ALL)
    made = _render(document, tmp_path)
    findings = read_json(made[ReportFormat.JSON].path)["findings"]
    assert {f["title"] for f in findings} == set(HOSTILE)

    rows = read_csv(made[ReportFormat.CSV].path)
    assert {r["title"] for r in rows} == {show_controls(text) for text in HOSTILE}
    with made[ReportFormat.CSV].path.open(encoding="utf-8", newline="") as file:
        cells = {cell for row in csv.reader(file, strict=True) for cell in row}
    assert {guard_formula(show_controls(text)) for text in HOSTILE} <= cells
    assert not [cell for cell in cells if not cell.startswith("'") and guard_formula(cell) != cell]

    assert "f" not in read_cell_types(made[ReportFormat.EXCEL].path, "Findings")
    sheet = read_sheet(made[ReportFormat.EXCEL].path, "Findings")
    title = sheet[0].index("Title")
    cells = {row[title].replace("\r\n", "\n") for row in sheet[1:]}
    assert cells == {show_controls(text).replace("\r\n", "\n") for text in HOSTILE}

    page = _html(made[ReportFormat.HTML])
    embedded = json.loads(page.embedded["finding-data"])
    assert set(embedded["title"]["values"]) == {show_controls(text) for text in HOSTILE}
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "img" not in page.elements
    assert page.elements.count("script") == 4
    assert all(address.startswith("#") for address in page.addresses)

    text = read_pdf_text(made[ReportFormat.PDF].path)
    for shown in ("<script>alert(1)</script>", "file:///etc/passwd", "a[U+202E]gnp.exe", "{{ 7*7 }}", "@SUM(1)"):
        assert shown.replace(" ", "") in text.replace(" ", "")
    with pikepdf.open(made[ReportFormat.PDF].path) as pdf:
        assert not pdf.attachments
        assert not [uri for uri in _uris(pdf) if not uri.startswith("#")]


def _uris(pdf: pikepdf.Pdf) -> list[str]:
    actions = [a.get("/A") for page in pdf.pages for a in page.get("/Annots", [])]
    return [str(action.URI) for action in actions if action is not None and "/URI" in action]


def test_the_page_counts_of_a_pdf_are_true(build: Build, tmp_path: Path) -> None:
    """Sections follow the cover without a gap, may share a page with the next, and are those of the outline."""
    artifact = _render(build(findings=60), tmp_path, ReportFormat.PDF)[ReportFormat.PDF]
    with pikepdf.open(artifact.path) as pdf:
        assert artifact.pages == len(pdf.pages)
        touched = sum(section.pages for section in artifact.sections)
        assert len(pdf.pages) - 1 <= touched < len(pdf.pages) - 1 + len(artifact.sections)
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
    assert [s.name for s in artifact.sections] == titles[1:]


def test_a_pdf_embeds_all_its_fonts(build: Build, tmp_path: Path) -> None:
    """The reader's machine needs no font of ours."""
    import subprocess

    path = _render(build(findings=20), tmp_path, ReportFormat.PDF)[ReportFormat.PDF].path
    listing = subprocess.run(["pdffonts", str(path)], check=True, capture_output=True, text=True).stdout
    embedded = [line.split()[-5] for line in listing.splitlines()[2:]]
    assert embedded
    assert set(embedded) == {"yes"}


def test_many_requirements_make_a_report(build: Build, tmp_path: Path) -> None:
    """Two thousand requirements stand in the workbook and the page in order."""
    document = build(findings=20, requirements=2000)
    made = _render(document, tmp_path, ReportFormat.EXCEL, ReportFormat.HTML)
    sheet = read_sheet(made[ReportFormat.EXCEL].path, "Requirements")
    assert [row[0] for row in sheet[1:]] == [r.id for r in document.requirements]
    assert "X1986" in _html(made[ReportFormat.HTML]).text


def test_a_page_reads_nothing_but_templates() -> None:
    """Whatever address a page names, the fetcher refuses it unless it is a file of the templates folder."""
    from weasyprint.urls import FatalURLFetchingError

    from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher

    fetcher = TemplatesFetcher()
    assert fetcher.fetch("templates:report/print.css").read().startswith(b"/*")
    for url in ("file:///etc/passwd", "http://127.0.0.1:1/x", "templates:../pyproject.toml", "data:text/plain,x"):
        with pytest.raises(FatalURLFetchingError):
            fetcher.fetch(url)


def test_a_report_in_german_has_german_words(build: Build, tmp_path: Path) -> None:
    """Texts, numbers and dates follow the document's locale."""
    text = read_pdf_text(_render(build(findings=60, locale="de"), tmp_path, ReportFormat.PDF)[ReportFormat.PDF].path)
    assert "Zusammenfassung" in text
    assert "1.–30. November 2026" in text
    assert _render_score("de", build(findings=60, locale="de")) in text


def _render_score(tag: str, document: ReportDocument) -> str:
    return load_locale(tag, templates_folder() / "locales").score(document.summary.compliance_score)


@pytest.mark.parametrize("kind", list(ReportType))
def test_each_type_has_its_sections_in_order(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """Page, outline and page counts name the same sections, each type its own, with hostile texts in all of them."""
    document = build(type=kind, findings=19, requirements=4, hostile=True)
    made = _render(document, tmp_path, ReportFormat.PDF, ReportFormat.HTML)
    names = [section.id for section in sections_of_type(kind)]
    titles = [_ENGLISH.text(f"section.{name}") for name in names if name not in _EMPTY]
    assert [section.name for section in made[ReportFormat.PDF].sections] == titles
    with pikepdf.open(made[ReportFormat.PDF].path) as pdf, pdf.open_outline() as outline:
        assert [item.title for item in outline.root[1:]] == titles
    text = _html(made[ReportFormat.HTML]).text
    places = [text.rindex(title) for title in titles[-2:]]
    assert places == sorted(places)


@pytest.mark.parametrize("kind", list(ReportType))
def test_each_type_makes_sense_of_an_empty_period(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """Every section says in words that there is nothing, and no number is made of it."""
    text = _html(_render(build(type=kind, findings=0), tmp_path, ReportFormat.HTML)[ReportFormat.HTML]).text
    has_findings = kind is not ReportType.STATEMENT_OF_APPLICABILITY
    assert ("There are no findings in this period and scope." in text) is has_findings
    assert "None" not in text


def test_what_the_request_leaves_out_is_named(build: Build, tmp_path: Path) -> None:
    """Without detailed findings the pages name the files that hold them; CSV and JSON stay complete."""
    document = replace(build(findings=40), detail=FindingsDetail.NONE, show_executive_summary=False)
    made = _render(document, tmp_path)
    assert len(read_csv(made[ReportFormat.CSV].path)) == 40
    assert len(read_json(made[ReportFormat.JSON].path)["findings"]) == 40
    for text in (_html(made[ReportFormat.HTML]).text, read_pdf_text(made[ReportFormat.PDF].path)):
        assert "requested without detailed findings. All 40 findings are in the CSV and JSON files" in text
        assert "Key messages" not in text


def test_a_page_with_fewer_findings_than_there_are_says_so(build: Build, tmp_path: Path) -> None:
    """A capped table tells n of N and names the files that are complete."""
    options = RenderingOptions(screen_findings=30)
    page = _html(render_artifact(build(findings=40), ReportFormat.HTML, tmp_path, options=options))
    assert "Showing 30 of 40 findings. All 40 findings are in the CSV and JSON files" in page.text
    assert len(json.loads(page.embedded["finding-data"])["status"]["codes"]) == 30
