"""The findings annex: thousands of rows set by Typst, a chunk at a time, so that memory stays bounded.

A chunk rarely ends where a page ends. Its last page is dropped and the rows of that page begin the next chunk, so that
the pages read as one table. Page numbers are known only when all parts exist; ``merging`` writes them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import pikepdf
import polars as pl
import typst

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.documents.template_files import templates_folder
from policycortex.errors import RenderingError
from policycortex.names import FindingStatus, PdfVariant, Severity
from policycortex.rendering.pdf.covered_text import show_uncovered, show_uncovered_columns
from policycortex.rendering.pdf.finding_rows import break_lines, shape_evidence
from policycortex.rendering.visible_text import shorten, show_controls

CHUNK_ROWS: Final = 250
"""Findings set at once. The engine remembers its last ten documents: 250 rows cost 390 MB for any total, 1,000 1 GB."""


_Standard = Literal["a-3b", "ua-1"]
_STANDARDS: Final[Mapping[PdfVariant | None, tuple[_Standard, ...]]] = {
    PdfVariant.ARCHIVE: ("a-3b",),
    PdfVariant.ACCESSIBLE: ("ua-1",),
}
_FOOTER_STANDARDS: Final[Mapping[PdfVariant | None, tuple[_Standard, ...]]] = {PdfVariant.ARCHIVE: ("a-3b",)}
"""Numbers are laid over pages as artifacts, so they need no tags of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineMark:
    """An outline entry into the annex: ``page`` counts from 0 within it."""

    title: str
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Annex:
    """The annex as PDF files in order; every page of them is final but for its number."""

    parts: tuple[Path, ...]
    pages: int
    marks: tuple[OutlineMark, ...]


def render_annex(
    document: ReportDocument,
    findings: FindingsTable,
    locale: Locale,
    folder: Path,
    variant: PdfVariant | None = None,
) -> Annex:
    """Set ``findings`` of ``document`` into files in ``folder``."""
    parts: list[Path] = []
    marks: list[OutlineMark] = []
    pages, first, seen = 0, 0, ""
    compiler = _compiler("annex.typ")
    frame = page_frame(document, locale)
    total = findings.total
    standards = _STANDARDS.get(variant, ())
    while first < total:
        rows = findings.rows(first, CHUNK_ROWS)
        is_last = first + rows.height >= total
        path = folder / f"annex-{len(parts):04d}.pdf"
        shown = break_lines(show_uncovered_columns(shape_evidence(rows)))
        with _compile(compiler, frame | {"rows": shown.to_dicts()}, standards) as pdf:
            kept = rows.height if is_last else rows.height - _give_back_last_page(pdf)
            for group, row in _group_starts(rows.head(kept), locale, seen):
                marks.append(OutlineMark(title=group, page=pages + _page_of(pdf, row)))
                seen = group
            pages += len(pdf.pages)
            pdf.save(path)
        parts.append(path)
        first += kept
    return Annex(parts=tuple(parts), pages=pages, marks=tuple(marks))


def render_footers(pages: int, path: Path, variant: PdfVariant | None = None) -> None:
    """One page for each page of the report, holding its ``x / y`` alone; the cover has none."""
    with _compile(
        _compiler("footers.typ"), {"pages": pages}, _FOOTER_STANDARDS.get(variant, ()), has_tags=False
    ) as pdf:
        pdf.save(path)


def table_of(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The structure element of the one table that a part of the annex is."""
    return pdf.Root.StructTreeRoot.K[0].K[0]


@cache
def _fonts() -> typst.Fonts:
    """The report's own fonts only, so that every machine makes the same pages."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[templates_folder() / "fonts"]
    )


def _compiler(name: str) -> typst.Compiler:
    folder = templates_folder() / "report"
    return typst.Compiler(folder / name, root=folder, font_paths=_fonts())


def _compile(
    compiler: typst.Compiler, given: dict[str, Any], standards: tuple[_Standard, ...], *, has_tags: bool = True
) -> pikepdf.Pdf:
    """Text reaches Typst as JSON strings only, never as markup, so nothing in it can be a command."""
    try:
        made = compiler.compile(
            format="pdf",
            sys_inputs={"given": json.dumps(given, ensure_ascii=False)},
            pdf_standards=list(standards),
            pdf_tags=has_tags,
        )
    except typst.TypstError as error:
        raise RenderingError(f"the findings annex could not be set: {error.message}") from error
    if not isinstance(made, bytes):
        raise RenderingError("the findings annex could not be set: the engine gave no PDF")
    return pikepdf.open(BytesIO(made))


def page_frame(document: ReportDocument, locale: Locale) -> dict[str, Any]:
    """The content that every page of the annex repeats."""
    text = locale.text
    return {
        "title": show_controls(document.header.name),
        "author": show_controls(document.header.author),
        "running": shorten(show_uncovered(show_controls(shorten(document.header.name, 80))), 80),
        "part": text("section.findings"),
        "company": show_uncovered(show_controls(document.header.branding.company)),
        "classification": show_uncovered(show_controls(document.header.branding.classification)),
        "lang": locale.language,
        "words": {
            "heads": [text(f"word.{name}") for name in ("severity", "finding", "resource", "account", "status")],
            "since": text("findings.since"),
            "severity": {severity.value: text(f"severity_short.{severity.value}") for severity in Severity},
            "status": {status.value: text(f"status.{status.value}") for status in FindingStatus},
            "muted": text("status.muted"),
            "waived": text("status.waived"),
        },
    }


def _group_starts(rows: pl.DataFrame, locale: Locale, seen: str) -> Iterator[tuple[str, int]]:
    """Where status and severity change: the words for both and the row's index; ``seen`` is the group before."""
    changes = rows.with_row_index("row").filter(
        (pl.struct("status", "severity") != pl.struct("status", "severity").shift(1)) | (pl.col("row") == 0)
    )
    for row, status, severity in changes.select("row", "status", "severity").iter_rows():
        group = f"{locale.text(f'status.{status}')} – {locale.text(f'severity.{severity}')}"
        if group != seen:
            yield group, row
        seen = group


def _give_back_last_page(pdf: pikepdf.Pdf) -> int:
    """Take the last page and its rows out of ``pdf``; how many rows that were. One page alone is kept."""
    if len(pdf.pages) == 1:
        return 0
    last = pdf.pages[-1]
    rows = table_of(pdf).K[1].K
    count = next(n for n in range(1, len(rows) + 1) if _page_object(rows[len(rows) - n]) != last.objgen) - 1
    del rows[len(rows) - count :]
    parents = pdf.Root.StructTreeRoot.ParentTree.Nums
    place = next(n for n in range(0, len(parents), 2) if int(parents[n]) == int(last.StructParents))
    del parents[place : place + 2]
    del pdf.pages[-1]
    return count


def _page_of(pdf: pikepdf.Pdf, row: int) -> int:
    wanted = _page_object(table_of(pdf).K[1].K[row])
    return next(number for number, page in enumerate(pdf.pages) if page.objgen == wanted)


def _page_object(row: pikepdf.Object) -> tuple[int, int]:
    """The page of a table row. Rows never break across pages, so the page of the first cell is the page of the row."""
    return row.K[0].Pg.objgen
