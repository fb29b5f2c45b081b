"""The report as PDF: designed pages by WeasyPrint. Page counts are read from the finished layout."""

import mimetypes
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from weasyprint import HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from policycortex.documents.branding import Logo
from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.documents.template_files import read_inside, templates_folder
from policycortex.errors import RenderingError
from policycortex.names import FindingsDetail, PdfVariant, ReportType
from policycortex.rendering.html.page_view import column_styles, page_values
from policycortex.rendering.options import RenderingOptions, SectionPages, report_locale, report_template
from policycortex.rendering.pdf.annex import render_annex, render_footers
from policycortex.rendering.pdf.covered_text import show_uncovered_in
from policycortex.rendering.pdf.finding_groups import group_findings, list_sources, numbers_of
from policycortex.rendering.pdf.finding_rows import TEXT_LIMIT, has_long_text
from policycortex.rendering.pdf.front import write_front
from policycortex.rendering.pdf.merging import PdfParts, join_parts
from policycortex.rendering.templates import render_template
from policycortex.reports.complete_files import complete_files
from policycortex.reports.registry import shown_sections

SCHEME: Final = "templates:"
OWN_SCHEME: Final = "template:"
LOGO_ADDRESS: Final = "logo:brand"
"""The only addresses a page may read: files of the built-in templates, of the custom one, and the order's logo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLayout:
    """How the file came out."""

    pages: int
    sections: tuple[SectionPages, ...]


class TemplatesFetcher(URLFetcher):  # type: ignore[misc]
    """Serves files of the templates folders and the request's logo; refuses every other address."""

    def __init__(self, own: Path | None = None, logo: Logo | None = None) -> None:
        super().__init__()
        self._folders = {SCHEME: templates_folder()} | ({OWN_SCHEME: own} if own is not None else {})
        self._logo = logo

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """The bytes of one template file. Raises FatalURLFetchingError, which ends the rendering, on anything else."""
        if url == LOGO_ADDRESS and self._logo is not None:
            return URLFetcherResponse(url, body=self._logo.content, headers={"Content-Type": self._logo.media_type})
        scheme, _, name = url.partition(":")
        folder = self._folders.get(f"{scheme}:")
        path = read_inside(folder, name) if folder is not None else None
        if path is None:
            raise FatalURLFetchingError(f"a report may only read its own templates, not {url[:200]}")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, body=path.read_bytes(), headers={"Content-Type": media_type})


def render_pdf(document: ReportDocument, path: Path, options: RenderingOptions) -> PdfLayout:
    """Write the PDF to ``path``; findings beyond the designed pages' measure follow as an annex."""
    with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
        layout, parts = set_parts(document, Path(spool), options)
        join_parts(parts, path)
    return layout


def set_parts(document: ReportDocument, folder: Path, options: RenderingOptions) -> tuple[PdfLayout, PdfParts]:
    """The PDF as files in ``folder``, from which ``join_parts`` makes one."""
    locale = report_locale(document, options)
    printed = _printed_findings(document, folder)
    has_annex = printed.total > options.page_findings
    front = _lay_out(document, printed, locale, options, has_annex=has_annex)
    sections, first = _section_pages(front, document, locale), len(front.pages)
    parts = PdfParts(front=folder / "front.pdf")
    write_front(front, document, locale, options, folder=folder, target=parts.front)
    if not has_annex:
        return PdfLayout(pages=first, sections=sections), parts
    del front  # the layout of some hundred pages is not needed while thousands are set
    annex, footers = render_annex(document, printed, locale, folder, options.pdf_variant), folder / "footers.pdf"
    render_footers(first + annex.pages, footers, options.pdf_variant)
    *before, findings = sections
    findings = replace(findings, pages=findings.pages + annex.pages)
    layout = PdfLayout(pages=first + annex.pages, sections=(*before, findings))
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
    document: ReportDocument, printed: FindingsTable, locale: Locale, options: RenderingOptions, *, has_annex: bool
) -> Document:
    own = report_template(document, options)
    page = print_page(document, locale, printed, has_annex=has_annex, own=own, variant=options.pdf_variant)
    fetcher = TemplatesFetcher(own, document.header.branding.logo)
    try:
        return HTML(string=show_uncovered_in(page, own), url_fetcher=fetcher).render(font_config=FontConfiguration())
    except FatalURLFetchingError as error:
        template = f"custom template {document.header.template!r}" if own else "the report"
        raise RenderingError(f"{template} could not be laid out: {error}") from error


def print_page(
    document: ReportDocument,
    locale: Locale,
    printed: FindingsTable,
    *,
    has_annex: bool,
    own: Path | None = None,
    variant: PdfVariant | None = None,
) -> str:
    """The HTML that WeasyPrint lays out. ``printed`` findings stand in it, or in the annex where there is one."""
    findings = printed.head(0 if has_annex else printed.total)
    is_audit = document.header.type is ReportType.AUDIT
    return render_template(
        "report/print.html",
        locale,
        own,
        column_styles=column_styles(),
        has_own_style=own is not None and read_inside(own, "print.css") is not None,
        **page_values(document, locale),
        finding_groups=group_findings(findings, document.checks),
        finding_sources=list_sources(printed) if is_audit else (),
        exceptions=numbers_of(printed) if is_audit else {},
        printed_count=printed.total,
        has_long_text=has_annex or has_long_text(findings),
        has_annex=has_annex,
        is_screen=False,
        text_limit=TEXT_LIMIT,
        files=complete_files(document, locale, variant),
    )


def _section_pages(pages: Document, document: ReportDocument, locale: Locale) -> tuple[SectionPages, ...]:
    anchors = {name: number for number, page in enumerate(pages.pages) for name in page.anchors}
    return tuple(
        SectionPages(name=locale.text(f"section.{id_}"), pages=anchors[f"end-{id_}"] - anchors[id_] + 1)
        for id_ in (section.id for section in shown_sections(document))
    )
