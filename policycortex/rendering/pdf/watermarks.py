"""One text over every page of a finished PDF: once across it, and once small at its upper edge, where it can be read.

It is added to the finished file, so that designed pages and annex are treated alike. It is an artifact,
which screen readers skip.
"""

from io import BytesIO
from math import hypot
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Name
from weasyprint import HTML

from policycortex.documents.locales import Locale
from policycortex.errors import RenderingError
from policycortex.rendering.pdf.covered_text import show_uncovered
from policycortex.rendering.pdf.merging import PdfParts, join_parts
from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher
from policycortex.rendering.templates import render_template

_ANGLE: Final = 52
"""Degrees: the diagonal of A4."""
_LARGEST: Final = 96.0
_WIDTH_OF_SIGN: Final = 0.66
"""Of an average capital, in units of the font's size."""


def join_marked(parts: PdfParts, target: Path, text: str, locale: Locale) -> None:
    """Write the report to ``target`` with ``text`` over every page. Raises RenderingError.

    Part by part, as the file of 50,000 findings takes 1.7 GB once it is opened whole.
    """
    try:
        join_parts(parts, target, _Mark(text, locale).lay_over)
    except pikepdf.PdfError as error:
        raise RenderingError(f"the watermark could not be laid over {parts.front.name}: {error}") from error


class _Mark:
    """The text as pages to lay over others, one for each size of page, drawn when first needed."""

    def __init__(self, text: str, locale: Locale) -> None:
        self._text, self._locale = text, locale
        self._drawn: dict[tuple[float, float], bytes] = {}

    def lay_over(self, pdf: pikepdf.Pdf) -> None:
        """Every page of ``pdf``."""
        forms: dict[tuple[float, float], pikepdf.Object] = {}
        for page in pdf.pages:
            box = [float(edge) for edge in page.cropbox]
            size = (round(box[2] - box[0], 1), round(box[3] - box[1], 1))
            if size not in forms:
                with pikepdf.open(BytesIO(self._draw(size))) as overlay:
                    forms[size] = pdf.copy_foreign(overlay.pages[0].as_form_xobject())
            _lay_over(page, forms[size], box[0], box[1])

    def _draw(self, size: tuple[float, float]) -> bytes:
        if size not in self._drawn:
            page = _page(show_uncovered(self._text), self._locale, *size)
            self._drawn[size] = HTML(string=page, url_fetcher=TemplatesFetcher()).write_pdf()
        return self._drawn[size]


def _page(text: str, locale: Locale, width: float, height: float) -> str:
    size = min(_LARGEST, hypot(width, height) * 0.86 / (max(len(text), 4) * _WIDTH_OF_SIGN))
    return render_template(
        "report/watermark.html",
        locale,
        text=text,
        width=width,
        height=height,
        angle=_ANGLE,
        size=round(size, 1),
        top=round((height - size * 1.2) / 2, 1),
    )


def _lay_over(page: pikepdf.Page, form: pikepdf.Object, left: float, bottom: float) -> None:
    name = page.add_resource(form, Name.XObject)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ /Artifact BMC q 1 0 0 1 {left:g} {bottom:g} cm {name} Do Q EMC".encode())
