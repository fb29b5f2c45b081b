"""What each process that renders would do again, done once in the process that such processes are forked from."""

from typing import Final

from weasyprint import HTML

from policycortex.documents.catalogues import FALLBACK
from policycortex.documents.locales import open_locale
from policycortex.rendering.pdf.page_style import page_style
from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher
from policycortex.rendering.templates import compile_templates

_PAGE: Final = '<link rel="stylesheet" href="templates:report/fonts.css"><p style="font: 9pt Inter">1</p>'


def prepare_rendering() -> None:
    """Compile the templates, parse the style sheet, read the locale's data, and let the layout engine make a page.

    With its first page the engine parses the declarations of the C libraries that it calls: 60 ms of CPU time.
    """
    compile_templates()
    open_locale(FALLBACK).number(1, digits=1)
    HTML(string=_PAGE, url_fetcher=TemplatesFetcher()).write_pdf(stylesheets=[page_style()], pdf_tags=True)
