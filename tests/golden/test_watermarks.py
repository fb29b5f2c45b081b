"""A watermark stands on every page, designed or annex, in the page for screens and above every sheet."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf

from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportFormat
from policycortex.rendering.artifacts import RenderingOptions, render_artifact, render_copy
from tests.golden.readers import read_pdf_text

Build = Callable[..., ReportDocument]
MARK = "FOR R&D <ONLY>"


def test_every_page_of_a_pdf_is_marked(build: Build, tmp_path: Path) -> None:
    """On front and annex, as an artifact that screen readers skip; copies carry their own text."""
    options = RenderingOptions(watermark=MARK, page_rows=10)
    document = replace(build(findings=40), detail=FindingsDetail.ALL)
    made = render_artifact(document, ReportFormat.PDF, tmp_path, options=options)
    pages = read_pdf_text(made.path).split("\f")[: made.pages]
    assert all(MARK in " ".join(page.split()) for page in pages)
    with pikepdf.open(made.path) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert len(pdf.pages) == made.pages
    (tmp_path / "copy").mkdir()
    copy = render_copy(document, made, replace(options, watermark="FOR bob · dlv_1"), tmp_path / "copy")
    assert copy is not None
    pages = read_pdf_text(copy).split("\f")[: made.pages]
    assert all("FOR bob · dlv_1" in " ".join(page.split()) and MARK not in page for page in pages)


def test_the_page_for_screens_is_marked(build: Build, tmp_path: Path) -> None:
    """As text, never as markup; without a watermark nothing of it stands there."""
    made = render_artifact(build(), ReportFormat.HTML, tmp_path, options=RenderingOptions(watermark=MARK))
    assert made.path.read_text().count("FOR R&amp;D &lt;ONLY&gt;") == 2
    plain = render_artifact(build(), ReportFormat.HTML, tmp_path).path.read_text()
    assert 'class="watermark' not in plain


def test_every_sheet_is_marked(build: Build, tmp_path: Path) -> None:
    """In the printed page's header, where & begins a command and so is doubled."""
    made = render_artifact(build(), ReportFormat.EXCEL, tmp_path, options=RenderingOptions(watermark=MARK))
    with zipfile.ZipFile(made.path) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    found = [re.findall("<oddHeader>(.*)</oddHeader>", sheet) for sheet in sheets]
    assert len(found) > 5
    assert {tuple(headers) for headers in found} == {("&amp;CFOR R&amp;&amp;D &lt;ONLY&gt;",)}


def test_formats_without_a_place_for_it_get_no_copy(build: Build, tmp_path: Path) -> None:
    """Tables for programs stay as they are."""
    document = build()
    made = render_artifact(document, ReportFormat.CSV, tmp_path, options=RenderingOptions(watermark=MARK))
    assert render_copy(document, made, RenderingOptions(watermark="FOR bob"), tmp_path) is None
    assert MARK not in made.path.read_text()
