"""The evidence behind a finding stands in every format, and audit reports link requirements and findings both ways."""

import html
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import openpyxl
import pikepdf
import polars as pl
import pytest
from pypdf import PdfReader
from pypdf.generic import Destination

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.names import FindingsDetail, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.excel.findings_sheets import SHEET_COLUMNS
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR, TIME_FORM
from tests.golden.readers import Page, read_csv, read_json, read_pdf_text
from tests.support.samples.documents import Sample, build_document

Build = Callable[..., ReportDocument]
MARKER: Final = "MARKER-7f3a: port 3389 is open to 0.0.0.0/0"
MARKDOWN: Final = (
    "Open to **everyone**, see [the guide](https://docs.example.com/a?b=1) and `aws ec2 describe`. "
    "[`x`](https://e.example/a-b_c)"
)
Made = Mapping[ReportFormat, Path]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    """An audit report of 120 findings. The scanner's words for the first one are MARKDOWN, for the second MARKER."""
    document = build_document(tmp_path_factory.mktemp("marked"), Sample(findings=120, type=ReportType.AUDIT))
    frame = pl.read_parquet(document.findings.path)
    words = pl.col("number").replace_strict({"F-001": MARKDOWN, "F-002": MARKER}, default=pl.col("status_detail"))
    frame.with_columns(status_detail=words).write_parquet(document.findings.path)
    return document


@pytest.fixture(scope="module")
def made(marked: ReportDocument, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Its file of every format, which tests only read."""
    folder = tmp_path_factory.mktemp("made")
    return {kind: render_artifact(marked, kind, folder).path for kind in ReportFormat}


def test_the_scanners_words_stand_in_every_format(made: Made) -> None:
    """A text planted in one finding is found in the files of every format that can be rendered."""
    texts = {kind: _all_text(path) for kind, path in made.items()}
    assert [kind for kind, text in texts.items() if MARKER not in text] == []


def test_markdown_of_scanners_is_shown_as_the_subset(made: Made) -> None:
    """Signs of emphasis and code are gone from the PDF and from the page's blocks, links lead to the web; data files
    have the text as the scanner wrote it.
    """
    text = read_pdf_text(made[ReportFormat.PDF])
    shown = "Open to everyone, see the guide (https://docs.example.com/a?b=1) and aws ec2 describe. x (https://e.example/a-b_c)"
    assert shown.replace(" ", "") in text.replace(" ", "")
    links = [
        each["/A"]["/URI"]
        for page in PdfReader(made[ReportFormat.PDF]).pages
        for each in (annotation.get_object() for annotation in page.get("/Annots", []))
        if "/URI" in each.get("/A", {})
    ]
    assert {"https://docs.example.com/a?b=1", "https://e.example/a-b_c"} <= set(links)
    assert _untagged_links(made[ReportFormat.PDF]) == []
    page = Page(made[ReportFormat.HTML].read_text(encoding="utf-8"))
    ((kind, level, marker, spans),) = json.loads(page.embedded["finding-marked"])["status_detail"][MARKDOWN]
    assert (kind, level, marker, spans[1]) == ("paragraph", 0, "", ["everyone", "s", ""])
    assert spans[3] == ["the guide", "", "https://docs.example.com/a?b=1"]
    assert read_json(made[ReportFormat.JSON])["findings"][0]["status_detail"] == MARKDOWN
    assert read_csv(made[ReportFormat.CSV])[0]["status_detail"] == MARKDOWN


@pytest.mark.parametrize("kind", [ReportType.AUDIT, ReportType.COMPLIANCE])
def test_long_identifiers_are_printed_whole(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """An ARN of 360 characters is read back from PDF and HTML, and lines of the PDF end only at its separators."""
    arn = "arn:aws:iam::111122223333:role/" + "/".join(f"team{n:03d}-service_account.name" for n in range(11))
    document = build(findings=60, type=kind)
    frame = pl.read_parquet(document.findings.path)
    planted = pl.when(pl.col("number") == "F-001").then(pl.lit(arn)).otherwise("resource_uid").alias("resource_uid")
    nameless = pl.when(pl.col("number") == "F-001").then(pl.lit("")).otherwise("resource_name").alias("resource_name")
    frame.with_columns(planted, nameless).write_parquet(document.findings.path)
    lines = read_pdf_text(render_artifact(document, ReportFormat.PDF, tmp_path).path).split()
    start = next(n for n, line in enumerate(lines) if line.startswith("arn:aws:iam::111122223333:"))
    pieces = list(lines[start : start + 1])
    while "".join(pieces) != arn:
        pieces.append(lines[start + len(pieces)])
        assert arn.startswith("".join(pieces)), pieces
    assert {piece[-1] for piece in pieces[:-1]} <= set("/:-_.")
    page = Page(render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8"))
    assert arn in page.embedded["finding-data"]


def test_long_ids_of_requirements_end_before_their_titles(build: Build, tmp_path: Path) -> None:
    """Ids such as those of HIPAA; columns of counts without a finding, here all but two, leave space for the titles."""
    document = build(findings=20)
    rows = [replace(row, manual=0, muted=0, waived=0) for row in document.requirements]
    rows.append(replace(rows[0], id="164.308(a)(1)(ii)(A)", title="Risk-analysis", checks=(), result=rows[-1].result))
    document = replace(document, requirements=tuple(rows))
    path = render_artifact(document, ReportFormat.PDF, tmp_path, options=RenderingOptions(page_rows=10)).path
    shown = subprocess.run(["pdftotext", "-bbox", str(path), "-"], check=True, capture_output=True, text=True).stdout
    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)<', shown)
    ((title, line, _, _),) = [word for word in found if word[3] == "Risk-analysis"]
    ((start, _, end, _),) = [
        word for word in found if word[3].startswith("164.308(a)") and abs(float(word[1]) - float(line)) < 3
    ]
    assert float(start) < float(end) < float(title)
    head = next(y for _, y, _, word in found if word == "Result")
    heads = {word for _, y, _, word in found if y == head}
    assert heads == {"ID", "Requirement", "Result", "Passed", "Failed"}


def test_every_column_says_the_same_in_every_data_format(build: Build, tmp_path: Path) -> None:
    """Each value of each finding, as text: every data format agrees with the table, column by column."""
    document = build(findings=90)
    expected = [_texts(row) for row in document.findings.head(90).to_dicts()]
    made = {
        kind: render_artifact(document, kind, tmp_path).path
        for kind in ReportFormat
        if kind.value not in {"pdf", "docx"}
    }
    assert [_texts(row) for row in read_json(made[ReportFormat.JSON])["findings"]] == expected
    assert [{name: row[name] for name in FINDING_COLUMNS} for row in read_csv(made[ReportFormat.CSV])] == expected
    assert _from_html(made[ReportFormat.HTML]) == expected
    assert _from_excel(made[ReportFormat.EXCEL]) == expected
    assert [_texts(row) for row in pl.read_parquet(made[ReportFormat.PARQUET]).to_dicts()] == expected
    observations = read_json(made[ReportFormat.OSCAL])["assessment-results"]["results"][0]["observations"]
    for row, node in zip(expected, observations, strict=True):
        props = {prop["name"]: prop["value"] for prop in node["props"]}
        assert props == {name: row[name] for name in props}
        assert set(row) - set(props) - {name for name, text in row.items() if not text} <= {
            "requirements",
            "observed_at",
        }
        assert (node["description"], node["collected"]) == (row["status_detail"], row["observed_at"])


def test_requirements_and_findings_of_an_audit_report_link_each_other(marked: ReportDocument, made: Made) -> None:
    """From each requirement to each of its failing findings, and from the finding by its check back, read by pypdf."""
    reader = PdfReader(made[ReportFormat.PDF])
    targets = reader.named_destinations
    pages = {
        page.indirect_reference.idnum: number for number, page in enumerate(reader.pages) if page.indirect_reference
    }
    links = [
        (number, _place(annotation), annotation["/Dest"] if "/Dest" in annotation else annotation["/A"]["/D"])
        for number, page in enumerate(reader.pages)
        for annotation in (each.get_object() for each in page.get("/Annots", []))
        if annotation["/Subtype"] == "/Link" and "/URI" not in annotation.get("/A", {})
    ]
    failing = marked.findings.head(120).filter((pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived"))
    anchors = {row.id: f"requirement-{number}" for number, row in enumerate(marked.requirements, start=1)}
    assert failing.height > 10
    for number, requirements in failing.select("number", "requirements").iter_rows():
        check = next(
            name
            for page, place, name in links
            if name.startswith("check-") and _is_at(targets[number], pages, page, place)
        )
        for requirement in requirements:
            block = _position(targets[anchors[requirement]], pages)
            following = [_position(targets[name], pages) for name in anchors.values()]
            end = min((place for place in following if place > block), default=(len(pages), 0.0))
            assert any(name == number and block <= (page, -place) < end for page, place, name in links)
            head = _position(targets[check], pages)
            assert any(
                name == anchors[requirement] and page == head[0] and abs(-place - head[1]) < 45
                for page, place, name in links
            )


@pytest.mark.parametrize("detail", list(FindingsDetail))
def test_pages_print_what_the_request_asks_for(build: Build, tmp_path: Path, detail: FindingsDetail) -> None:
    """Numbers of printed findings: those that do not pass, all, or none; CSV has all of them whatever is printed."""
    document = replace(build(findings=120), detail=detail)
    text = read_pdf_text(render_artifact(document, ReportFormat.PDF, tmp_path).path)
    assert len(read_csv(render_artifact(document, ReportFormat.CSV, tmp_path).path)) == 120
    findings = document.findings.head(120)
    not_passing = findings.filter((pl.col("status") != "PASS") | pl.col("muted"))
    printed = {
        FindingsDetail.ALL: findings,
        FindingsDetail.NOT_PASSING: not_passing,
        FindingsDetail.NONE: findings.clear(),
    }
    numbers = printed[detail]["number"].to_list()
    assert [number for number in findings["number"] if f"{number} " in text] == numbers
    if detail is not FindingsDetail.NONE:
        assert f"Printed: {len(numbers)} of 120 findings." in text


def _untagged_links(path: Path) -> list[str]:
    """Link annotations whose element in the structure tree is no link, which PDF/UA forbids."""
    with pikepdf.open(path) as pdf:
        elements = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
        notes = [note for page in pdf.pages for note in page.get("/Annots", []) if note.Subtype == "/Link"]
        return [str(note.get("/A")) for note in notes if elements[int(note.StructParent)].S != "/Link"]


def _all_text(path: Path) -> str:
    """Whatever a reader of the file can find in it. A new format of a known kind of file needs no change here."""
    match path.suffix:
        case ".pdf":
            return read_pdf_text(path)
        case ".parquet":
            return str(pl.read_parquet(path).rows())
        case _ if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read(name).decode(errors="replace") for name in archive.namelist()]
            return html.unescape("".join(parts))
        case _:
            return html.unescape(path.read_text(encoding="utf-8"))


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return REQUIREMENT_SEPARATOR.join(value)
    if hasattr(value, "hour"):
        return str(pl.Series([value]).dt.strftime(TIME_FORM)[0])
    return "" if value is None else str(value)


def _from_html(path: Path) -> list[dict[str, str]]:
    data = json.loads(Page(path.read_text(encoding="utf-8")).embedded["finding-data"])
    columns = {name: [column["values"][code] for code in column["codes"]] for name, column in data.items()}
    return [_texts({name: columns[name][row] for name in FINDING_COLUMNS}) for row in range(len(columns["number"]))]


def _from_excel(path: Path) -> list[dict[str, str]]:
    """Words of severities and statuses back as ids; dates of cells without their time."""
    locale = open_locale("en")
    ids = {locale.text(f"status.{name}"): name for name in ("PASS", "FAIL", "MANUAL")}
    ids |= {locale.text(f"severity.{s}"): s for s in ("critical", "high", "medium", "low", "informational")}
    book = openpyxl.load_workbook(path, read_only=True)
    found = []
    for row in book["Findings"].iter_rows(min_row=2, values_only=True):
        named = dict(zip(SHEET_COLUMNS, row, strict=True))
        cells = {name: named[name] for name in FINDING_COLUMNS}
        cells["status"], cells["severity"] = ids[str(cells["status"])], ids[str(cells["severity"])]
        if cells["first_failed_on"] is not None:
            cells["first_failed_on"] = str(cells["first_failed_on"])[:10]
        found.append(_texts(cells))
    book.close()
    return found


def _place(annotation: Any) -> float:  # noqa: ANN401 - pypdf's objects
    """The top of a link on its page, from the bottom."""
    _, one, _, other = annotation["/Rect"]
    return max(float(one), float(other))


def _position(target: Destination, pages: Mapping[int, int]) -> tuple[int, float]:
    """Page, and how far down on it, larger for lower."""
    return pages[target.page.idnum], -float(target.top or 0)  # type: ignore[union-attr]


def _is_at(target: Destination, pages: Mapping[int, int], page: int, place: float) -> bool:
    where = _position(target, pages)
    return where[0] == page and abs(where[1] + place) < 8
