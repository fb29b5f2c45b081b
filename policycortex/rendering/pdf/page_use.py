"""How much of the last designed page is used, and what makes a nearly empty one fuller or spares it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from weasyprint import Document

LEAST_USED: Final = 0.36
"""Of the last page before the annex; where it is less, the pages are laid out again with another spacing."""
_LEAST_BESIDE_BREAK: Final = 0.4
"""Of a page, before a break and after it."""
_MOST_AFTER_BREAK: Final = 0.92
_BEST_AFTER_BREAK: Final = 0.62
_AIMED_AT: Final = (0.46, 0.66)
"""Above LEAST_USED, because tables and paragraphs that move whole leave space on the pages before."""
_SPARED_BY_PAGE: Final = 0.08
"""Of a page that less space between parts spares for each page before the last, at least."""
_TEXT_MM: Final = 297 - 24 - 20
_TOP, _BOTTOM = 24 / 25.4 * 96, (297 - 20) / 25.4 * 96
"""Of the text on a page, in pixels of CSS, as print.css has them."""
_PLACE: Final = "place-"
_BREAKABLE: Final = re.compile(r'<h3(?=>(?!<span class="package-rank">))|<article(?= class="package">)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """How the pages before an annex are laid out."""

    is_snug: bool = False
    """Whether there is less space between parts and rows."""
    short_mm: float = 0
    """By how much the text of each page after the executive summary ends higher."""
    break_before: str = ""
    """The id of an element that begins the last page; empty for none."""


USUAL: Final = Spacing()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUse:
    """The pages that share the space: those from the second section on."""

    pages: int
    last_used: float
    """Of the last one, 0 to 1."""
    places: tuple[tuple[str, float], ...] = ()
    """Elements of the page before that a page may begin with, by id, and how far down they stand, 0 to 1."""

    @property
    def is_enough(self) -> bool:
        """Whether no page is nearly empty."""
        return self.last_used >= LEAST_USED


def measure_use(front: Document, sections: Iterable[str], *, empty: int, first_section: int) -> PageUse:
    """The use of ``front``, whose last ``empty`` pages only carry numbers; ``first_section`` pages are before them."""
    last = len(front.pages) - empty
    places = front.pages[last - 1].anchors
    names = [name for section in sections if (name := f"end-{section}") in places]
    used = max((_share(places[name][1]) for name in names), default=1.0)
    before = front.pages[last - 2].anchors if last - first_section > 1 else {}
    may_begin = frozenset(sections)
    found = ((name, _share(at[1])) for name, at in before.items() if name.startswith(_PLACE) or name in may_begin)
    return PageUse(pages=last - first_section, last_used=used, places=tuple(found))


def name_places(page: str) -> str:
    """``page`` with an id for each heading and work package that a page may begin with."""
    numbers = count(1)

    def name(found: re.Match[str]) -> str:
        follows_heading = page[max(0, found.start() - 40) : found.start()].rstrip().endswith("</h2>")
        return found[0] if follows_heading else f'{found[0]} id="{_PLACE}{next(numbers)}"'

    return _BREAKABLE.sub(name, page)


def other_spacings(use: PageUse) -> Iterator[Spacing]:
    """What to try where the last page is nearly empty, in this order: to do without it, or to give it more."""
    before = use.pages - 1
    if before < 1:
        return
    if name := _best_break(use):
        yield Spacing(break_before=name)
    if use.last_used <= _SPARED_BY_PAGE * before:
        yield Spacing(is_snug=True)
    for aim in _AIMED_AT:
        yield Spacing(short_mm=round(_TEXT_MM * (aim - use.last_used) / (before + aim), 1))


def _best_break(use: PageUse) -> str:
    """The place on the page before the last that fills the last page best; "" where none leaves both pages used.

    The page before is taken as full. Where it is not, the last page is a little emptier than calculated.
    """
    after = {name: use.last_used + 1 - at for name, at in use.places if at >= _LEAST_BESIDE_BREAK}
    fitting = [name for name, share in after.items() if _LEAST_BESIDE_BREAK <= share <= _MOST_AFTER_BREAK]
    return min(fitting, key=lambda name: abs(after[name] - _BEST_AFTER_BREAK), default="")


def _share(place: float) -> float:
    return (place - _TOP) / (_BOTTOM - _TOP)
