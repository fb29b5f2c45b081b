"""The workbook as Excel and LibreOffice see it: tables, links, rows put in as XML, sheets in the order of the type."""

import csv
import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import polars as pl
import pytest
from xlsxwriter.utility import xl_col_to_name

from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.excel import evidence_links
from policycortex.rendering.excel.findings_sheets import SHEET_COLUMNS
from policycortex.reports.sections.ages import AGES

Build = Callable[..., ReportDocument]


def _render(document: ReportDocument, folder: Path, options: RenderingOptions | None = None) -> Path:
    return render_artifact(document, ReportFormat.EXCEL, folder, options=options).path


_KINDS = [kind for kind in ReportType if kind is not ReportType.POAM]
"""A plan of action is a workbook of another layout: ``tests/workflow/test_poam_report.py``."""

_OWN_SHEETS = {
    ReportType.COMPLIANCE: ["Trend", "Causes", "Top risks", "Sections", "Breakdown", "Requirements"],
    ReportType.AUDIT: ["Sections", "Requirements", "Checks"],
    ReportType.RISK: [
        "Risk components",
        "Exposure",
        "Risk items",
        "Risk breakdown",
        "Ages",
        "Top risks",
        "Trend",
        "Causes",
    ],
    ReportType.TREND: ["Trend", "Causes", "Forecast", "Sections"],
    ReportType.REMEDIATION: ["Plan", "Sections"],
    ReportType.STATEMENT_OF_APPLICABILITY: [],
    ReportType.INDICATOR_HISTORY: ["Indicators", "Indicator history", "Accepted vulnerabilities"],
}


def test_account_ids_are_text_that_excel_does_not_mark(build: Build, tmp_path: Path) -> None:
    """No green triangles: every table says that numbers stored as text are meant, up to Excel's last row."""
    path = _render(build(findings=100), tmp_path)
    sheet = openpyxl.load_workbook(path)["Findings"]
    account = [cell.value for cell in sheet[1]].index("Account") + 1
    assert {type(sheet.cell(row, account).value) for row in range(2, 102)} == {str}
    with zipfile.ZipFile(path) as book:
        tables = [
            book.read(name).decode() for name in book.namelist() if re.fullmatch(r"xl/worksheets/s\w+\.xml", name)
        ]
    tables = [text for text in tables if "<tableParts" in text]
    assert tables
    for text in tables:
        assert re.search(r'<ignoredError sqref="A1:[A-Z]+1048576" numberStoredAsText="1"/>', text)


@pytest.mark.parametrize("kind", _KINDS)
def test_sheets_follow_the_type_and_hold_tables(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """Each sheet but the summary is one Excel table over all its rows, its head frozen, its titles all different."""
    book = openpyxl.load_workbook(_render(build(type=kind, findings=100), tmp_path))
    own = _OWN_SHEETS[kind]
    assert book.sheetnames[:2] == ["Summary", "Findings"]
    assert book.sheetnames[2 : len(own) + 2] == own
    assert {"Requirements", "Checks", "Coverage"} <= set(book.sheetnames)
    assert book.sheetnames[-3:] == ["Failing by requirement", "Requirements by finding", "About"]
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        assert table.ref == sheet.dimensions
        assert table.autoFilter.ref == table.ref
        assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[1]]
        assert sheet.freeze_panes == "B2"


def test_every_link_leads_to_a_cell_that_is_there(build: Build, tmp_path: Path) -> None:
    """From the summary to each sheet, between sections, requirements and findings and back, from risks to checks."""
    book = openpyxl.load_workbook(_render(build(type=ReportType.REMEDIATION), tmp_path))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert {cell.parent.title for cell in cells} == {
        "Summary", "Findings", "Plan", "Sections", "Requirements", "Top risks", "Failing by requirement",
        "Requirements by finding",
    }  # fmt: skip
    for cell in cells:
        location = str(cell.hyperlink.location) if cell.hyperlink else ""
        found = re.fullmatch(r"'(.+)'!A(\d+)", location)
        assert found, location
        value = book[found[1]].cell(int(found[2]), 1).value
        assert value is not None
        if cell.parent.title in {"Plan", "Top risks"}:
            assert value == cell.value


@pytest.mark.parametrize("sheet_rows", [1_048_575, 20])
def test_requirements_and_failing_findings_link_each_other(build: Build, tmp_path: Path, sheet_rows: int) -> None:
    """From each requirement to all its failing findings, from each of these to all its requirements: by links only."""
    document = build(type=ReportType.AUDIT, findings=120)
    book = _open(_render(document, tmp_path, RenderingOptions(sheet_rows=sheet_rows)))
    rows = document.findings.head(120).filter(pl.col("status") == "FAIL")
    expected = {(each, row["number"]) for row in rows.to_dicts() for each in row["requirements"]}
    assert len(expected) > rows.height
    there = {
        (str(cell.value), number)
        for cell in book["Requirements"]["A"][1:]
        if cell.hyperlink
        for number in _block(book, cell, 2)
    }
    assert there == expected
    linked = SHEET_COLUMNS.index("requirements") + 1
    back = set()
    for sheet in (sheet for sheet in book if sheet.title.startswith("Findings")):
        for cell in sheet[xl_col_to_name(linked - 1)][1:]:
            number = str(sheet.cell(cell.row, 1).value)
            if cell.hyperlink and "Requirements by finding" in str(cell.hyperlink.location):
                back |= {(each, number) for each in _block(book, cell, 2)}
            elif cell.hyperlink:
                back.add((str(_target(book, cell).value), number))
    assert back == expected


def _open(path: Path) -> Any:  # noqa: ANN401 - openpyxl's types allow too much
    return openpyxl.load_workbook(path)


def _target(book: Any, cell: Any) -> Any:  # noqa: ANN401 - openpyxl's cells
    found = re.fullmatch(r"'(.+)'!A(\d+)", str(cell.hyperlink.location))
    assert found
    return book[found[1]].cell(int(found[2]), 1)


def _block(book: Any, cell: Any, column: int) -> list[str]:  # noqa: ANN401
    """Values of ``column`` in the rows from the link's target on that begin with the same cell; each links to it."""
    first = _target(book, cell)
    sheet, found = first.parent, []
    for row in range(first.row, sheet.max_row + 1):
        if sheet.cell(row, 1).value != first.value:
            break
        other = sheet.cell(row, column)
        assert _target(book, other).value == other.value
        found.append(str(other.value))
    return found


def test_requirements_with_many_failing_findings_say_n_of_n(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past Excel's limit of links each requirement lists its first findings, worst first, and tells how many it has."""
    monkeypatch.setattr(evidence_links, "MOST_PAIRS", 40)
    document = build(findings=600)
    sheet = _open(_render(document, tmp_path))["Failing by requirement"]
    assert sheet.max_row - 1 <= 40
    rows = document.findings.head(600).filter(pl.col("status") == "FAIL").explode("requirements")
    totals = dict(rows.group_by("requirements").len().iter_rows())
    notes = {str(row[0]): str(row[4]) for row in sheet.iter_rows(min_row=2, values_only=True) if row[1] == "…"}
    listed = {name: sum(row[0] == name for row in sheet.iter_rows(values_only=True)) - 1 for name in notes}
    assert notes
    for name, note in notes.items():
        assert note.startswith(f"{listed[name]} of {totals[name]};")


def test_failing_findings_have_a_due_date_by_their_severity(build: Build, tmp_path: Path) -> None:
    """First failing day plus the days of the SLA; nothing is due for passing, muted and waived findings."""
    document = build(findings=120)
    sheet = _open(_render(document, tmp_path))["Findings"]
    due = SHEET_COLUMNS.index("due_on")
    days = {row.severity: row.sla_days for row in AGES.of(document)}
    cells = [row[due] for row in sheet.iter_rows(min_row=2, values_only=True)]
    for row, cell in zip(document.findings.head(120).to_dicts(), cells, strict=True):
        is_open = row["status"] == "FAIL" and not row["muted"] and not row["waived"]
        expected = row["first_failed_on"] + timedelta(days=days[row["severity"]]) if is_open else None
        assert (cell.date() if cell else None) == expected


@pytest.mark.parametrize("kind", _KINDS)
def test_every_sheet_is_set_up_for_print(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """Landscape, one page wide, page x of y, the head on each page; no column is narrower than eight characters."""
    document = replace(build(type=kind, findings=30))
    document = replace(document, header=replace(document.header, name="R&D 2026"))
    for sheet in _open(_render(document, tmp_path)).worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth or 1) == ("landscape", 1)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "Page &P of &N" in str(sheet.oddFooter.right.text)
        assert str(sheet.oddFooter.left.text) == "R&&D 2026"
        if sheet.title != "Summary":
            assert sheet.print_title_rows == "$1:$1"
            widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]]
            assert min(widths) >= 8
            assert max(widths) <= 101


def test_odd_texts_stand_in_bulk_rows_as_they_are(build: Build, tmp_path: Path) -> None:
    """Markup, Excel's own escapes, spaces at the ends and line ends survive; the XML stays well formed."""
    texts = ["a&b<c>]]>", "_x0041_", "  padded  ", "two\nlines", "=1+1", "", "\u2028\U0001f600é", "'quoted'"]
    document = build(findings=len(texts))
    frame = document.findings.head(len(texts)).with_columns(pl.Series("title", texts))
    frame.write_parquet(document.findings.path)
    path = _render(document, tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ET.fromstring(archive.read(name))  # noqa: S314 - our own file
    sheet = openpyxl.load_workbook(path)["Findings"]
    place = SHEET_COLUMNS.index("title")
    titles = [row[place] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert titles == [text.replace("_x0041_", "_x005F_x0041_") or None for text in texts]
    assert {cell.data_type for cell in sheet[xl_col_to_name(place)][1:] if cell.value} <= {"s", "inlineStr"}


def test_a_workbook_without_findings_has_an_empty_table(build: Build, tmp_path: Path) -> None:
    """Head and one empty row, as a table must have one."""
    book = openpyxl.load_workbook(_render(build(findings=0, requirements=0), tmp_path))
    assert "Requirements" not in book.sheetnames
    assert book["Findings"].tables["findings_1"].ref == f"A1:{xl_col_to_name(len(SHEET_COLUMNS) - 1)}2"
    assert [row for row in book["Findings"].iter_rows(min_row=2, values_only=True) if any(row)] == []
    without = replace(build(findings=3), detail=FindingsDetail.NONE)
    assert "Findings" not in openpyxl.load_workbook(_render(without, tmp_path)).sheetnames


def test_libreoffice_opens_it_and_reads_every_row(build: Build, tmp_path: Path) -> None:
    """Every sheet comes back as CSV with all its rows, over two findings sheets; nothing had to be repaired."""
    document = build(findings=250, hostile=True)
    path = _render(document, tmp_path, RenderingOptions(sheet_rows=200))
    every_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    subprocess.run(
        [
            "soffice", "--headless", "--norestore", f"-env:UserInstallation=file://{tmp_path}/profile",
            "--convert-to", every_sheet, "--outdir", str(tmp_path / "out"), str(path),
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    rows = {file.stem.removeprefix("report-"): _read(file) for file in (tmp_path / "out").glob("*.csv")}
    assert list(rows) == sorted(rows, key=list(rows).index)
    assert [len(rows[name]) - 1 for name in ("Findings", "Findings 2", "Requirements")] == [200, 50, 13]
    place = SHEET_COLUMNS.index("finding_uid")
    uids = [row[place] for name in ("Findings", "Findings 2") for row in rows[name][1:]]
    plain = document.findings.head(250)["finding_uid"].str.contains(r"^[ -~]*$")
    expected = document.findings.head(250)["finding_uid"]
    assert [uid for uid, keep in zip(uids, plain, strict=True) if keep] == expected.filter(plain).to_list()


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
