"""How sheets print: landscape A4, as wide as a page, the head on each page, and page x of y below."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from xlsxwriter.worksheet import Worksheet

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.visible_text import show_controls

_A4: Final = 9
_PAGE_WIDTH: Final = 240
"""Characters that are still read on a page of A4; further columns are on the screen only."""
_LONGEST: Final = 240
"""Excel's limit is 255 characters for a header or footer, with its commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """Header and footer of every sheet, with Excel's commands; "" for none."""

    header: str
    footer: str


def page_texts(document: ReportDocument, locale: Locale, watermark: str | None) -> PageTexts:
    """The watermark above; below classification and name of the report, the sheet's name, and page x of y."""
    pages = locale.text("page.count", page="&P", pages="&N")
    parts = (document.header.branding.classification, document.header.name)
    name = _printed(" · ".join(part for part in parts if part), _LONGEST - 60)
    return PageTexts(
        header=f"&C{_printed(watermark, _LONGEST)}" if watermark is not None else "",
        footer=f"&L&8 {name}&C&8 &A&R&8 {locale.text('page.page')} {pages}",
    )


def set_up_page(sheet: Worksheet, texts: PageTexts) -> None:
    """The print set-up of any sheet."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer(texts.footer, {"margin": 0.25})
    if texts.header:
        sheet.set_header(texts.header, {"margin": 0.25})


def printed_columns(widths: Sequence[float]) -> int:
    """How many of the first columns fit on a page, at least one."""
    reach = list(accumulate(widths))
    return max(sum(width <= _PAGE_WIDTH for width in reach), 1)


def _printed(text: str, longest: int) -> str:
    """A text for Excel's page header, where ``&`` begins a command and so is doubled."""
    shown = ""
    for character in show_controls(text):
        piece = "&&" if character == "&" else character
        if len(shown) + len(piece) > longest:
            break
        shown += piece
    return shown
