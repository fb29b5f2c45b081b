"""A workbook of the installation's own as template: names and tables are filled, the rest stays, losses are refused."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import LineChart, Reference
from openpyxl.drawing.image import Image as Picture
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table
from PIL import Image

from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.names import ReportFormat
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.excel import template_package

Build = Callable[..., ReportDocument]
Change = Callable[[Any], None]


def _workbook() -> Any:  # noqa: ANN401 - openpyxl's types allow too much
    """A cover with named cells, a logo and a chart; findings from B4 on; requirements and trend; a sheet of notes."""
    book: Any = openpyxl.Workbook()
    cover = book.active
    cover.title = "Cover"
    cover["B2"].font = Font(bold=True, size=20, color="AA0000")
    book.defined_names["pc_score"] = DefinedName("pc_score", attr_text="Cover!$B$2")
    book.defined_names["pc_verdict"] = DefinedName("pc_verdict", attr_text="Cover!$B$3")
    book.defined_names["pc_generated_at"] = DefinedName("pc_generated_at", attr_text="Cover!$B$4")
    book.defined_names["our_rate"] = DefinedName("our_rate", attr_text="Cover!$B$9")
    cover["B9"] = "=B2/100"
    data = book.create_sheet("Data")
    data["B2"] = "Our findings"
    _table(data, "pc_findings", "B4", ["Number", "status_detail", "Due on", "muted"])
    data["B5"].fill = PatternFill("solid", start_color="FFEE00")
    _table(book.create_sheet("Requirements"), "pc_requirements", "A1", ["id", "result", "failed"])
    _table(book.create_sheet("Trend"), "pc_trend", "A1", ["date", "Score"])
    book.create_sheet("Notes")["A1"] = "Keep me"
    chart = LineChart()
    chart.add_data(Reference(book["Trend"], min_col=2, min_row=1, max_row=2), titles_from_data=True)
    cover.add_chart(chart, "D2")
    return book


def _table(sheet: Any, name: str, corner: str, heads: list[str]) -> None:  # noqa: ANN401
    first = sheet[corner]
    for offset, head in enumerate(heads):
        sheet.cell(first.row, first.column + offset, head)
    end = sheet.cell(first.row + 1, first.column + len(heads) - 1).coordinate
    sheet.add_table(Table(displayName=name, ref=f"{corner}:{end}"))


def _render(
    document: ReportDocument,
    folder: Path,
    book: Any,  # noqa: ANN401
    options: RenderingOptions | None = None,
) -> Path:
    own = folder / "templates" / "acme"
    own.mkdir(parents=True, exist_ok=True)
    if book is not None:
        book.save(own / "workbook.xlsx")
    document = replace(document, header=replace(document.header, template="acme"))
    options = replace(options or RenderingOptions(), templates_dir=own.parent)
    return render_artifact(document, ReportFormat.EXCEL, folder, options=options).path


def _open(path: Path) -> Any:  # noqa: ANN401
    return openpyxl.load_workbook(path)


def test_names_and_tables_are_filled_and_the_rest_stays(build: Build, tmp_path: Path) -> None:
    """Figures, findings, requirements and trend are those of the report, with the forms of the workbook."""
    document = build(findings=120)
    logo = BytesIO()
    Image.new("RGB", (8, 8), "red").save(logo, "png")
    book = _workbook()
    book["Notes"].add_image(Picture(logo), "C3")
    made = _open(_render(document, tmp_path, book, RenderingOptions(watermark="R&D")))
    cover, data = made["Cover"], made["Data"]
    assert made.sheetnames == ["Cover", "Data", "Requirements", "Trend", "Notes"]
    assert cover["B2"].value == document.summary.compliance_score
    assert (cover["B2"].font.b, cover["B2"].font.color.rgb, cover["B9"].value) == (True, "00AA0000", "=B2/100")
    assert cover["B3"].value == document["verdict"]
    assert cover["B4"].value == document.header.generated_at.replace(tzinfo=None)
    assert (made["Notes"]["A1"].value, len(made["Notes"]._images), len(cover._charts)) == ("Keep me", 1, 1)
    assert cover.oddHeader.center.text == "R&&D"
    assert data.tables["pc_findings"].ref == "B4:E124"
    rows = [[cell.value for cell in row] for row in data["B5:E124"]]
    frame = document.findings.head(120)
    assert [row[0] for row in rows] == frame["number"].to_list()
    assert [row[1] for row in rows] == frame["status_detail"].to_list()
    assert [row[3] for row in rows] == frame["muted"].to_list()
    assert isinstance(rows[0][2], datetime) or rows[0][3]
    assert {cell.fill.start_color.rgb for (cell,) in data["B5:B124"]} == {"00FFEE00"}
    assert made["Requirements"].tables["pc_requirements"].ref == f"A1:C{len(document.requirements) + 1}"
    failed = [row[2].value for row in made["Requirements"].iter_rows(min_row=2)]
    assert failed == [row.failed for row in document.requirements]
    assert made["Trend"].max_row == len(document.trend) + 1
    assert made["Trend"]["B2"].value == document.trend[0].compliance_score


def test_charts_grow_with_the_tables_that_they_show(build: Build, tmp_path: Path) -> None:
    """A series over the one row of a table covers all its rows afterwards."""
    document = build(findings=60)
    made = _open(_render(document, tmp_path, _workbook()))
    (series,) = made["Cover"]._charts[0].series
    assert series.val.numRef.f == f"'Trend'!$B$2:$B${len(document.trend) + 1}"


def test_texts_of_findings_are_never_formulas(build: Build, tmp_path: Path) -> None:
    """Hostile texts in findings, name and description stand as text; formulas are the template's only."""
    document = build(findings=57, hostile=True)
    book = _workbook()
    book.defined_names["pc_description"] = DefinedName("pc_description", attr_text="Cover!$B$5")
    book.defined_names["pc_organization"] = DefinedName("pc_organization", attr_text="Cover!$B$6")
    made = _open(_render(document, tmp_path, book))
    formulas = [cell.coordinate for sheet in made for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == ["B9"]
    assert made["Cover"]["B6"].value == "=ACME <b>"


def test_a_report_without_findings_keeps_one_empty_row(build: Build, tmp_path: Path) -> None:
    """A table of Excel has one row at least."""
    made = _open(_render(build(findings=0), tmp_path, _workbook()))
    assert made["Data"].tables["pc_findings"].ref == "B4:E5"
    assert [cell.value for cell in made["Data"]["B5:E5"][0]] == [None] * 4


def _rename_table(name: str) -> Change:
    def change(book: Any) -> None:  # noqa: ANN401
        table = book["Data"].tables.pop("pc_findings")
        table.displayName = table.name = name
        book["Data"].tables.add(table)

    return change


def _set(sheet: str, cell: str, value: str) -> Change:
    return lambda book: book[sheet].__setitem__(cell, value)


def _name(name: str, target: str) -> Change:
    return lambda book: book.defined_names.__setitem__(name, DefinedName(name, attr_text=target))


def _no_names(book: Any) -> None:  # noqa: ANN401
    for name in [name for name in book.defined_names if name.startswith("pc_")]:
        del book.defined_names[name]
    for sheet in book:
        sheet.tables.clear()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _set("Data", "C4", "Detail"),
            r"column 'Detail' of table 'pc_findings' on sheet 'Data' \(B4:E5\) is not known",
        ),
        (_set("Data", "C9", "Total"), r"cell C9 of sheet 'Data' is beside or below table 'pc_findings'"),
        (_set("Data", "G5", "Note"), r"cell G5 of sheet 'Data' is beside or below"),
        (_rename_table("pc_finding"), r"table 'pc_finding' on sheet 'Data'.* did you mean 'pc_findings'"),
        (_name("pc_scor", "Cover!$B$2"), r"name 'pc_scor' is not known; did you mean 'score'"),
        (_name("pc_failing", "Cover!$B$2:$C$3"), r"name 'pc_failing' must be one cell"),
        (_name("pc_failing", "#REF!"), r"name 'pc_failing' must be one cell"),
        (_no_names, r"no name or table of it begins with pc_"),
    ],
)
def test_what_does_not_fit_is_named(build: Build, tmp_path: Path, change: Change, message: str) -> None:
    """The message has the template, the sheet, and the name or range."""
    book = _workbook()
    change(book)
    with pytest.raises(RenderingError, match=message) as caught:
        _render(build(findings=3), tmp_path, book)
    assert "workbook.xlsx of custom template 'acme'" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("xl/vbaProject.bin", "x", r"xl/vbaProject.bin \(macros\)"),
        ("xl/externalLinks/externalLink1.xml", "<x/>", r"links to other workbooks"),
        ("xl/pivotTables/pivotTable1.xml", "<x/>", r"pivot tables"),
        ("xl/media/image9.emf", "x", r"a kind of picture"),
        ("xl/charts/chartEx1.xml", "<x/>", r"a kind of chart"),
        ("xl/drawings/drawing9.xml", "<xdr:sp >", r"a text box or shape in xl/drawings/drawing9.xml"),
        ("xl/theme/theme9.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]>", r"declares a document type"),
        ("xl/theme/theme9.xml", " " * (template_package.LARGEST_CONTENT + 1), r"too large when it is unpacked"),
        (
            "xl/drawings/_rels/drawing9.xml.rels",
            '<Relationship Id="r" Type="x/image" Target="http://192.0.2.1/x.png" TargetMode="External"/>',
            r"reads something outside the workbook",
        ),
    ],
)
def test_what_would_be_lost_or_is_hostile_is_refused(
    build: Build, tmp_path: Path, part: str, content: str, message: str
) -> None:
    """Before the workbook is opened, with the part's name and what it is."""
    folder = tmp_path / "templates" / "acme"
    folder.mkdir(parents=True)
    _workbook().save(folder / "workbook.xlsx")
    with zipfile.ZipFile(folder / "workbook.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, content)
    with pytest.raises(RenderingError, match=message):
        _render(build(findings=3), tmp_path, None)


def test_a_file_that_is_no_workbook_is_refused(build: Build, tmp_path: Path) -> None:
    """Whatever its name says."""
    folder = tmp_path / "templates" / "acme"
    folder.mkdir(parents=True)
    (folder / "workbook.xlsx").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(RenderingError, match=r"is no workbook of Excel"):
        _render(build(findings=3), tmp_path, None)
