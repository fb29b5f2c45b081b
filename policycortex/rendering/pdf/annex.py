"""The annex: requirements, evidence and findings set by Typst, a chunk at a time, so that memory stays bounded.

A chunk rarely ends where a page ends. Its last page is dropped and the items of that page begin the next chunk, so that
the pages read as one. Page numbers are known only when all parts exist; ``merging`` writes them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, Final, Literal

import pikepdf
import typst

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import templates_folder
from policycortex.errors import RenderingError
from policycortex.names import PdfVariant
from policycortex.rendering.pdf.annex_items import Item
from policycortex.rendering.pdf.covered_text import show_uncovered
from policycortex.rendering.pdf.structure import item_elements, page_of, take_out_last_page
from policycortex.rendering.visible_text import show_controls
from policycortex.shortening import shorten

CHUNK_WEIGHT: Final = 160
"""Weight of the items set at once. The engine remembers its last ten documents, so this bounds memory for any total.

The last items are set at once up to twice this weight: most reports then have one chunk.
"""

_Standard = Literal["a-3b", "ua-1"]
_STANDARDS: Final[Mapping[PdfVariant | None, tuple[_Standard, ...]]] = {PdfVariant.ARCHIVE: ("a-3b",)}
"""A part begins with any level of heading, which the engine's own check of PDF/UA refuses; veraPDF tests the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineMark:
    """An outline entry into the annex: ``page`` counts from 0 within it, ``depth`` is 0 for a section."""

    title: str
    page: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Annex:
    """The annex as PDF files in order; every page of them is final but for its number."""

    parts: tuple[Path, ...]
    pages: int
    marks: tuple[OutlineMark, ...]
    spans: tuple[tuple[int, int], ...]
    """First and last page of each section that has its heading here, from 0 within the annex."""


def render_annex(
    document: ReportDocument,
    items: Iterator[Item],
    locale: Locale,
    folder: Path,
    variant: PdfVariant | None = None,
) -> Annex:
    """Set ``items`` into files in ``folder``."""
    parts: list[Path] = []
    marks: list[OutlineMark] = []
    pages = 0
    compiler, frame = _compiler("annex.typ"), page_frame(document, locale)
    waiting: list[Item] = []
    ends: list[int] = []
    is_last = False
    while not is_last:
        is_last = _fill(waiting, items)
        path = folder / f"annex-{len(parts):04d}.pdf"
        chunk = waiting if is_last else waiting[: _end_of_chunk(waiting)]
        with _compile(compiler, frame | {"blocks": list(blocks_of(chunk))}, _STANDARDS.get(variant, ())) as pdf:
            kept = len(chunk) if is_last else len(chunk) - take_out_last_page(pdf)
            found = item_elements(pdf)
            for index, item in enumerate(waiting[:kept]):
                if item.mark is None:
                    continue
                depth, title = item.mark
                page = pages + page_of(pdf, found[index])
                marks.append(OutlineMark(title=title, page=page, depth=depth))
                if not depth:
                    ends.append(pages + page_of(pdf, found[index - 1]) if index else pages - 1)
            pages += len(pdf.pages)
            pdf.save(path)
        parts.append(path)
        del waiting[:kept]
    begins = [mark.page for mark in marks if not mark.depth]
    spans = tuple(zip(begins, [*ends[1:], pages - 1], strict=True)) if begins else ()
    return Annex(parts=tuple(parts), pages=pages, marks=tuple(marks), spans=spans)


def render_marks(pages: int, annex: Annex, path: Path, variant: PdfVariant | None = None) -> None:
    """One page for each page of the report: its ``x / y``, and in the annex the section. The cover has none."""
    first, sections = pages - annex.pages, [mark for mark in annex.marks if not mark.depth]
    names = [""] * first
    for number in range(annex.pages):
        began = [mark for mark in sections if mark.page <= number]
        names.append(next((mark.title for mark in sections if mark.page == number), began[-1].title if began else ""))
    given = {"pages": pages, "sections": [show_controls(name) for name in names]}
    with _compile(_compiler("footers.typ"), given, _STANDARDS.get(variant, ()), has_tags=False) as pdf:
        pdf.save(path)


def _fill(waiting: list[Item], items: Iterator[Item]) -> bool:
    """Add items up to the weight of two chunks; returns whether there are no more."""
    weight = sum(item.weight for item in waiting)
    for item in items:
        waiting.append(item)
        weight += item.weight
        if weight >= 2 * CHUNK_WEIGHT:
            return False
    return True


def _end_of_chunk(items: Iterable[Item]) -> int:
    """How many of the items make the weight of a chunk."""
    weights = accumulate(item.weight for item in items)
    return sum(weight < CHUNK_WEIGHT for weight in weights) + 1


def blocks_of(items: Iterable[Item]) -> Iterator[Mapping[str, Any]]:
    """Items as the template reads them: rows of one table together."""
    for table, members in groupby(items, key=lambda item: item.table):
        if table is None:
            yield from (_block(item) for item in members)
            continue
        yield {
            "table": table.id,
            "widths": table.widths,
            "heads": table.heads,
            "numeric": sorted(table.numeric),
            "rows": [_block(item) for item in members],
        }


def _block(item: Item) -> Mapping[str, Any]:
    return {
        "style": item.style,
        "cells": item.cells,
        "anchor": item.anchor,
        "heading": item.heading,
        "title": item.title,
        "head": item.is_head,
    }


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
            sys_inputs={"given": show_uncovered(json.dumps(given, ensure_ascii=False))},
            pdf_standards=list(standards),
            pdf_tags=has_tags,
        )
    except typst.TypstError as error:
        raise RenderingError(f"the annex could not be set: {error.message}") from error
    if not isinstance(made, bytes):
        raise RenderingError("the annex could not be set: the engine gave no PDF")
    return pikepdf.open(BytesIO(made))


def page_frame(document: ReportDocument, locale: Locale) -> dict[str, Any]:
    """The content that every page of the annex repeats."""
    return {
        "title": show_controls(document.header.name),
        "author": show_controls(document.header.author),
        "running": shorten(show_controls(shorten(document.header.name, 80)), 80),
        "company": show_controls(document.header.branding.company),
        "classification": show_controls(document.header.branding.classification),
        "accent": document.header.branding.accent,
        "lang": locale.language,
    }
