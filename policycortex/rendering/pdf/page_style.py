"""The style sheet of the built-in pages, parsed once for all reports of a process and of its forks."""

from functools import lru_cache

from weasyprint import CSS

from policycortex.documents.template_files import templates_folder
from policycortex.rendering.html.page_view import column_styles
from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher


def page_style() -> CSS:
    """``print.css`` and the widths of columns; without fonts, which each document has for itself.

    Rules that stand in a page win over it.
    """
    text = (templates_folder() / "report" / "print.css").read_text(encoding="utf-8")
    return _parsed(f"{text}\n{column_styles()}")


@lru_cache(maxsize=1)
def _parsed(text: str) -> CSS:
    return CSS(string=text, url_fetcher=TemplatesFetcher())
