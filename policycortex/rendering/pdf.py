"""The report as PDF: designed pages by WeasyPrint. Page counts are read from the finished layout, never guessed."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from weasyprint import HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from policycortex.documents.model import ReportDocument
from policycortex.rendering.finding_rows import TEXT_LIMIT, has_long_text, shape_rows
from policycortex.rendering.locales import Locale
from policycortex.rendering.options import RenderingOptions, SectionPages
from policycortex.rendering.page import page_locale, view_page
from policycortex.rendering.templates import render_template, templates_folder

SCHEME: Final = "templates:"
"""Scheme of the only addresses a page may read: files of the templates folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLayout:
    """How the file came out."""

    pages: int
    sections: tuple[SectionPages, ...]


class TemplatesFetcher(URLFetcher):  # type: ignore[misc]
    """Serves ``templates:`` addresses from the templates folder and refuses all others, whatever a text asks for."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """The bytes of one template file. Raises FatalURLFetchingError, which ends the rendering, on anything else."""
        root = templates_folder().resolve()
        path = (root / url.removeprefix(SCHEME)).resolve()
        if not url.startswith(SCHEME) or not path.is_relative_to(root) or not path.is_file():
            raise FatalURLFetchingError(f"a report may only read its own templates, not {url[:200]}")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, body=path.read_bytes(), headers={"Content-Type": media_type})


def render_pdf(document: ReportDocument, path: Path, options: RenderingOptions) -> PdfLayout:
    """Write the PDF to ``path``."""
    locale = page_locale(document)
    pages = HTML(string=print_page(document, locale, options), url_fetcher=TemplatesFetcher()).render(
        font_config=FontConfiguration()
    )
    pages.write_pdf(path)
    return PdfLayout(pages=len(pages.pages), sections=_section_pages(pages, document, locale))


def print_page(document: ReportDocument, locale: Locale, options: RenderingOptions) -> str:
    """The HTML that WeasyPrint lays out."""
    view = view_page(document)
    findings = document.findings.head(options.page_findings if document.show_detailed_findings else 0)
    return render_template(
        "report/print.html",
        locale,
        **view.template_values(),
        finding_rows=shape_rows(findings, locale).to_dicts() if findings.height else [],
        has_long_text=has_long_text(findings),
        text_limit=TEXT_LIMIT,
    )


def _section_pages(pages: Document, document: ReportDocument, locale: Locale) -> tuple[SectionPages, ...]:
    anchors = {name: number for number, page in enumerate(pages.pages) for name in page.anchors}
    return tuple(
        SectionPages(name=locale.text(f"section.{name}"), pages=anchors[f"end-{name}"] - anchors[name] + 1)
        for name in view_page(document).sections
    )
