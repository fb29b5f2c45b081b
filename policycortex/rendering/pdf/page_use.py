"""How much of the last designed page is used, and what makes a nearly empty one fuller or spares it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from weasyprint import Document

LEAST_USED: Final = 0.36
"""Of the last page before the annex; where it is less, the pages are laid out again with another spacing."""
_AIMED_AT: Final = (0.46, 0.66)
"""Above LEAST_USED, because tables and paragraphs that move whole leave space on the pages before."""
_SPARED_BY_PAGE: Final = 0.08
"""Of a page that less space between parts spares for each page before the last, at least."""
_TEXT_MM: Final = 297 - 24 - 20
_TOP, _BOTTOM = 24 / 25.4 * 96, (297 - 20) / 25.4 * 96
"""Of the text on a page, in pixels of CSS, as print.css has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """How the pages before an annex are laid out."""

    is_snug: bool = False
    """Whether there is less space between parts and rows."""
    short_mm: float = 0
    """By how much the text of each page after the executive summary ends higher."""


USUAL: Final = Spacing()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUse:
    """The pages that share the space: those from the second section on."""

    pages: int
    last_used: float
    """Of the last one, 0 to 1."""

    @property
    def is_enough(self) -> bool:
        """Whether no page is nearly empty."""
        return self.last_used >= LEAST_USED


def measure_use(front: Document, sections: Iterable[str], *, empty: int, first_section: int) -> PageUse:
    """The use of ``front``, whose last ``empty`` pages only carry numbers; ``first_section`` pages are before them."""
    last = len(front.pages) - empty
    places = front.pages[last - 1].anchors
    names = [name for section in sections if (name := f"end-{section}") in places]
    used = max(((places[name][1] - _TOP) / (_BOTTOM - _TOP) for name in names), default=1.0)
    return PageUse(pages=last - first_section, last_used=used)


def other_spacings(use: PageUse) -> Iterator[Spacing]:
    """What to try where the last page is nearly empty, in this order: to do without it, or to give it more."""
    before = use.pages - 1
    if before < 1:
        return
    if use.last_used <= _SPARED_BY_PAGE * before:
        yield Spacing(is_snug=True)
    for aim in _AIMED_AT:
        yield Spacing(short_mm=round(_TEXT_MM * (aim - use.last_used) / (before + aim), 1))
