"""One text over every page of a finished PDF: once across it, and once small at its upper edge, where it can be read.

It is laid over afterwards, so that designed pages and annex get it alike. Readers aloud skip it: it is an artifact.
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
from policycortex.rendering.pdf import TemplatesFetcher
from policycortex.rendering.templates import render_template

_ANGLE: Final = 52
"""Degrees: the diagonal of A4."""
_LARGEST: Final = 96.0
_WIDTH_OF_SIGN: Final = 0.66
"""Of an average capital, in units of the font's size."""


def stamp_watermark(source: Path, target: Path, text: str, locale: Locale) -> None:
    """Write ``source`` with ``text`` over every page to ``target``. Raises RenderingError."""
    try:
        with pikepdf.open(source) as pdf:
            forms: dict[tuple[float, float], pikepdf.Object] = {}
            for page in pdf.pages:
                box = [float(edge) for edge in page.cropbox]
                size = (round(box[2] - box[0], 1), round(box[3] - box[1], 1))
                if size not in forms:
                    forms[size] = _form(pdf, text, locale, *size)
                _lay_over(page, forms[size], box[0], box[1])
            pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
    except pikepdf.PdfError as error:
        raise RenderingError(f"the watermark could not be laid over {source.name}: {error}") from error


def _form(pdf: pikepdf.Pdf, text: str, locale: Locale, width: float, height: float) -> pikepdf.Object:
    size = min(_LARGEST, hypot(width, height) * 0.86 / (max(len(text), 4) * _WIDTH_OF_SIGN))
    page = render_template(
        "report/watermark.html",
        locale,
        text=text,
        width=width,
        height=height,
        angle=_ANGLE,
        size=round(size, 1),
        top=round((height - size * 1.2) / 2, 1),
    )
    made = HTML(string=page, url_fetcher=TemplatesFetcher()).write_pdf()
    with pikepdf.open(BytesIO(made)) as overlay:
        return pdf.copy_foreign(overlay.pages[0].as_form_xobject())


def _lay_over(page: pikepdf.Page, form: pikepdf.Object, left: float, bottom: float) -> None:
    name = page.add_resource(form, Name.XObject)
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"\nQ /Artifact BMC q 1 0 0 1 {left:g} {bottom:g} cm {name} Do Q EMC".encode())
