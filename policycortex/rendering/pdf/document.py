"""The report as PDF: designed pages by WeasyPrint. Page counts are read from the finished layout."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from weasyprint import HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.documents.template_files import read_inside
from policycortex.errors import RenderingError
from policycortex.names import FindingsDetail, PdfVariant, ReportType
from policycortex.rendering.html.page_view import column_styles, page_values
from policycortex.rendering.options import RenderingOptions, SectionPages, report_locale, report_template
from policycortex.rendering.pdf.annex import Annex, render_annex, render_marks
from policycortex.rendering.pdf.annex_content import annex_items, annex_sections
from policycortex.rendering.pdf.covered_text import show_uncovered_in
from policycortex.rendering.pdf.finding_groups import group_findings, list_sources, numbers_of, sort_by_check
from policycortex.rendering.pdf.finding_rows import TEXT_LIMIT, has_long_text
from policycortex.rendering.pdf.front import write_front
from policycortex.rendering.pdf.merging import PdfParts, join_parts
from policycortex.rendering.pdf.page_style import page_style
from policycortex.rendering.pdf.page_use import USUAL, PageUse, Spacing, measure_use, name_places, other_spacings
from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher
from policycortex.rendering.templates import render_template
from policycortex.reports.complete_files import complete_files
from policycortex.reports.registry import shown_sections

_BREAK: Final = "\u200b"
"""What a place for a line break becomes: as an element it would be three boxes, each laid out on its own."""

NUMBERS_LISTED: Final = 500
"""Numbers of findings beside one check of one requirement on designed pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLayout:
    """How the file came out."""

    pages: int
    sections: tuple[SectionPages, ...]


def render_pdf(document: ReportDocument, path: Path, options: RenderingOptions) -> PdfLayout:
    """Write the PDF to ``path``; findings beyond the designed pages' measure follow as an annex."""
    with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
        layout, parts = set_parts(document, Path(spool), options)
        join_parts(parts, path)
    return layout


def set_parts(document: ReportDocument, folder: Path, options: RenderingOptions) -> tuple[PdfLayout, PdfParts]:
    """The PDF as files in ``folder``, from which ``join_parts`` makes one."""
    locale, own = report_locale(document, options), report_template(document, options)
    printed = sort_by_check(_printed_findings(document, folder), folder / "by_check.parquet")
    sections, annex = annex_sections(document, printed, options, own), None
    if sections:
        items = annex_items(document, printed, sections, locale, options.pdf_variant, has_heads=own is None)
        annex = render_annex(document, items, locale, folder, options.pdf_variant)
    starts = dict(zip(sections, (first for first, _ in annex.spans), strict=False)) if annex else {}
    front = _lay_out(document, printed, locale, options, has_annex=annex is not None, annex_starts=starts)
    use = _use_of(front, document, starts)
    for spacing in other_spacings(use) if starts and not use.is_enough else ():
        front = _lay_out(document, printed, locale, options, has_annex=True, annex_starts=starts, spacing=spacing)
        if _use_of(front, document, starts).is_enough:
            break
    layout = _layout(front, document, locale, annex, starts)
    pages = layout.pages - (annex.pages if annex else 0)
    parts = PdfParts(front=folder / "front.pdf")
    write_front(front.copy(front.pages[:pages]), document, locale, options, folder=folder, target=parts.front)
    if annex is None:
        return layout, parts
    del front  # not needed while thousands of pages are joined
    footers = folder / "footers.pdf"
    render_marks(layout.pages, annex, footers, options.pdf_variant)
    return layout, replace(parts, annex=annex, footers=footers)


def _printed_findings(document: ReportDocument, folder: Path) -> FindingsTable:
    """The findings that the pages print, in a file in ``folder`` where they are not all."""
    match document.detail:
        case FindingsDetail.ALL:
            return document.findings
        case FindingsDetail.NOT_PASSING:
            return document.findings.not_passing(folder / "printed.parquet")
        case FindingsDetail.NONE:
            return replace(document.findings, total=0)


def _lay_out(
    document: ReportDocument,
    printed: FindingsTable,
    locale: Locale,
    options: RenderingOptions,
    *,
    has_annex: bool,
    annex_starts: Mapping[str, int],
    spacing: Spacing = USUAL,
) -> Document:
    own, variant = report_template(document, options), options.pdf_variant
    page = print_page(
        document,
        locale,
        printed,
        has_annex=has_annex,
        annex_starts=annex_starts,
        own=own,
        variant=variant,
        spacing=spacing,
        is_styled=own is None,
    ).replace("<wbr>", _BREAK)
    fetcher = TemplatesFetcher(own, document.header.branding.logo)
    styles = [page_style()] if own is None else None
    try:
        shown = show_uncovered_in(name_places(page) if has_annex else page, own)
        return HTML(string=shown, url_fetcher=fetcher).render(font_config=FontConfiguration(), stylesheets=styles)
    except FatalURLFetchingError as error:
        template = f"custom template {document.header.template!r}" if own else "the report"
        raise RenderingError(f"{template} could not be laid out: {error}") from error


def print_page(
    document: ReportDocument,
    locale: Locale,
    printed: FindingsTable,
    *,
    has_annex: bool,
    annex_starts: Mapping[str, int] = MappingProxyType({}),
    own: Path | None = None,
    variant: PdfVariant | None = None,
    spacing: Spacing = USUAL,
    is_styled: bool = False,
) -> str:
    """The HTML that WeasyPrint lays out. ``printed`` findings stand in it, or in the annex where there is one.

    ``is_styled``: whoever lays it out has ``page_style``, so that the page only names its fonts.

    ``annex_starts``: sections that are left to the annex, and their first pages there, from 0.
    After the pages of the report stands one empty page for each of them, whose number is that first page's.
    """
    is_audit = document.header.type is ReportType.AUDIT
    values = page_values(document, locale)
    befores = (-1, *annex_starts.values())
    return render_template(
        "report/print.html",
        locale,
        own,
        column_styles=column_styles(),
        has_own_style=own is not None and read_inside(own, "print.css") is not None,
        **values,
        page_sections=tuple(name for name in values["sections"] if name not in annex_starts),
        annex_sections=tuple(annex_starts),
        annex_steps={name: here - before for (name, here), before in zip(annex_starts.items(), befores, strict=False)},
        finding_groups=() if has_annex else tuple(group_findings(printed, document.checks)),
        finding_sources=list_sources(printed) if is_audit and not has_annex else (),
        exceptions=numbers_of(printed, NUMBERS_LISTED) if is_audit else {},
        printed_count=printed.total,
        has_long_text=has_long_text(printed),
        has_annex=has_annex,
        spacing=spacing,
        is_styled=is_styled,
        is_screen=False,
        text_limit=TEXT_LIMIT,
        files=complete_files(document, locale, variant),
    )


def _use_of(front: Document, document: ReportDocument, starts: Mapping[str, int]) -> PageUse:
    sections = [section.id for section in shown_sections(document)]
    first = 2 if sections[:1] == ["executive_summary"] else 1
    return measure_use(front, sections, empty=len(starts), first_section=first)


def _layout(
    front: Document, document: ReportDocument, locale: Locale, annex: Annex | None, starts: Mapping[str, int]
) -> PdfLayout:
    """Pages of each section, from the anchors of the designed pages and the spans of the annex."""
    pages = len(front.pages) - len(starts)
    anchors = {name: number for number, page in enumerate(front.pages) for name in page.anchors}
    spans = dict(zip(starts, annex.spans, strict=True)) if annex else {}
    sections = []
    for section in sorted(shown_sections(document), key=lambda each: each.id in spans):  # as they stand in the file
        if section.id in spans:
            first, last = spans[section.id]
        else:
            first, last = anchors[section.id], anchors[f"end-{section.id}"]
            if annex and not spans and section.id == "findings":
                last += annex.pages
        sections.append(SectionPages(name=locale.text(f"section.{section.id}"), pages=last - first + 1))
    return PdfLayout(pages=pages + (annex.pages if annex else 0), sections=tuple(sections))
