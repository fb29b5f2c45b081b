"""The report as a Word document. The page's HTML becomes its body; python-docx makes the parts around it.

The body is written as text and put into the finished package: python-docx takes minutes for thousands of table rows.
The package's entries have the report's time, so that the same document gives the same bytes.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from docx.document import Document
from lxml import html
from lxml.html import HtmlElement

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.names import FindingsDetail
from policycortex.rendering.html.page_view import column_styles
from policycortex.rendering.options import RenderingOptions, report_locale, report_template
from policycortex.rendering.pdf.document import print_page
from policycortex.rendering.pdf.finding_groups import sort_by_check
from policycortex.rendering.word.body import Body, mark_headings, write_contents
from policycortex.rendering.word.markup import paragraph, xml_text
from policycortex.rendering.word.pictures import draw_svg, ratio_of, svg_of
from policycortex.rendering.word.skeleton import open_skeleton

_PLACEHOLDER: Final = "@@content@@"
_CONTENT_PART: Final = "word/document.xml"
_SHARE: Final = re.compile(r"\.([\w.-]+) \.w-([\w-]+) \{ width: ([\d.]+)% \}")
_EMU_PER_TWIP: Final = 635
_TEXT_WIDTH_EMU: Final = 9_638 * _EMU_PER_TWIP
_FLAT_SHARE: Final = 0.62
"""Part of the text's width that a drawing takes which is not much wider than high."""


def render_word(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the document to ``path``; the same document gives the same bytes. Raises RenderingError."""
    locale = report_locale(document, options)
    with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
        folder = Path(spool)
        printed = _printed_findings(document, folder, options.word_findings)
        own = report_template(document, options)
        # a word processor breaks long words itself, and the parser takes what follows a wbr as its content
        text = print_page(document, locale, printed, has_annex=False, own=own).replace("<wbr>", "")
        page = html.document_fromstring(text)
        skeleton = open_skeleton(document, locale, options.watermark)
        content = "".join(_content(page, skeleton, document, locale, folder))
        skeleton.add_paragraph(_PLACEHOLDER)
        package = BytesIO()
        skeleton.save(package)
    _write_package(package, content, path, document.header.generated_at)


def _printed_findings(document: ReportDocument, folder: Path, most: int) -> FindingsTable:
    """As the PDF prints them, at most ``most``: an editor does not take more table rows; the page says "n of N"."""
    match document.detail:
        case FindingsDetail.ALL:
            found = document.findings
        case FindingsDetail.NOT_PASSING:
            found = document.findings.not_passing(folder / "printed.parquet")
        case FindingsDetail.NONE:
            found = replace(document.findings, total=0)
    return sort_by_check(replace(found, total=min(found.total, most)), folder / "by_check.parquet")


def _content(
    page: HtmlElement, skeleton: Document, document: ReportDocument, locale: Locale, folder: Path
) -> Iterator[str]:
    drawings = _Drawings(skeleton, document, folder)
    body = Body(_shares(), drawings.draw)
    cover, alone, main = page.find_class("cover"), page.find_class("alone"), page.find(".//main")
    for part in (*cover, *alone):
        yield from body.write(part)
    if main is None:
        yield from body.write(page.body)
        return
    if not alone and (headings := mark_headings(main)):
        yield from write_contents(locale.text("contents.title"), headings)
        body.starts_page = True
    yield from body.write(main)


def _shares() -> Mapping[tuple[str, str], float]:
    """Widths of table columns in percent, as the page's style sheet has them, by the table's last class."""
    found = _SHARE.findall(column_styles())
    return {(table.rpartition(".")[2], column): float(share) for table, column, share in found}


class _Drawings:
    """Puts pictures into the package and gives the runs that show them."""

    def __init__(self, skeleton: Document, document: ReportDocument, folder: Path) -> None:
        self._part = skeleton.part
        self._logo = document.header.branding.logo
        self._folder = folder
        self._count = 0

    def draw(self, element: HtmlElement) -> str:
        """The picture of an SVG element, or of the order's logo."""
        if element.tag != "svg":
            return self._brand(element)
        title = element.get("aria-label") or ""
        ratio = ratio_of(element)
        share = 0.98 if ratio < _FLAT_SHARE else _FLAT_SHARE
        return self._run(draw_svg(svg_of(element), self._folder), title, width=share, ratio=ratio)

    def _brand(self, element: HtmlElement) -> str:
        if self._logo is None or "cover-logo" not in (element.get("class") or ""):
            return ""
        is_drawing = self._logo.media_type == "image/svg+xml"
        content = draw_svg(self._logo.content, self._folder) if is_drawing else self._logo.content
        return self._run(content, element.get("alt") or "", width=0.25, ratio=None)

    def _run(self, content: bytes, title: str, *, width: float, ratio: float | None) -> str:
        relation, image = self._part.get_or_add_image(BytesIO(content))
        self._count += 1
        wide = round(_TEXT_WIDTH_EMU * width)
        high = round(wide * (ratio if ratio is not None else image.px_height / image.px_width))
        named = f'id="{self._count}" name="Picture {self._count}" descr="{xml_text(title)}"'
        return (
            f'<w:r><w:drawing><wp:inline><wp:extent cx="{wide}" cy="{high}"/><wp:docPr {named}/>'
            '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData '
            'uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
            '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
            f"<pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr>"
            f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{wide}" cy="{high}"/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
            "</wp:inline></w:drawing></w:r>"
        )


def _write_package(package: BytesIO, content: str, path: Path, made_at: datetime) -> None:
    """Copy the package with the content in the place of its placeholder, every entry with the same time."""
    moment = made_at.astimezone(UTC).timetuple()[:6]
    with (
        zipfile.ZipFile(package) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as target,
    ):
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == _CONTENT_PART:
                before, after = _around_placeholder(data.decode("utf-8"))
                data = "".join((before, content or paragraph("Normal", ""), after)).encode()
            made = zipfile.ZipInfo(entry.filename, moment)
            made.compress_type, made.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(made, data)


def _around_placeholder(text: str) -> tuple[str, str]:
    start = text.rindex("<w:p>", 0, text.index(_PLACEHOLDER))
    end = text.index("</w:p>", start) + len("</w:p>")
    return text[:start], text[end:]
