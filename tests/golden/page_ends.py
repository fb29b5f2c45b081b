"""How the pages of a finished PDF end: read by poppler and from its tags, without the code that wrote it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary


def read_page_ends(path: Path) -> list[float]:
    """How far down the text of each page reaches, 0 to 1 of the space for it, by poppler; running lines left out."""
    made = subprocess.run(["pdftotext", "-bbox", str(path), "-"], check=True, capture_output=True, text=True).stdout
    ends = []
    for page in made.split("<page ")[1:]:
        places = [float(found) for found in re.findall(r'yMax="([0-9.]+)"', page)]
        ends.append(max((end - _TOP for end in places if _TOP < end < _BOTTOM), default=0.0) / (_BOTTOM - _TOP))
    return ends


_TOP, _BOTTOM = 24 / 25.4 * 72, (297 - 20) / 25.4 * 72
"""Of the space between the running lines, in points from above."""
_HEADINGS: Final = frozenset({"/H1", "/H2", "/H3", "/H4", "/THead"})


def pages_that_end_with_a_heading(path: Path) -> list[int]:
    """Pages, from 1, whose last content is a heading, the head of a table, or a row of heads alone.

    A heading that is one of a table's data cells says all there is to say, and may be the last.
    """
    with pikepdf.open(path) as pdf:
        numbers: dict[Any, int] = {page.objgen: number for number, page in enumerate(pdf.pages, start=1)}
        ends = {}
        for page, above in _contents(pdf.Root.StructTreeRoot, (), None):
            ends[numbers[page]] = above
    return [number for number, above in sorted(ends.items()) if _is_heading(above)]


def _is_heading(above: tuple[str, ...]) -> bool:
    return "/TD" not in above and (bool(_HEADINGS & set(above)) or "heads" in above)


def _contents(
    element: pikepdf.Object, above: tuple[str, ...], page: pikepdf.Object | None
) -> Iterator[tuple[tuple[int, int], tuple[str, ...]]]:
    """The page of each marked content, in reading order, with the elements that hold it."""
    page = element.get("/Pg", page)
    own: tuple[str, ...] = (str(element.S),) if "/S" in element else ()
    below = element.get("/K", Array())
    kids = list(below) if isinstance(below, Array) else [below]
    if own == ("/TR",) and all(isinstance(kid, Dictionary) and kid.get("/S") == "/TH" for kid in kids):
        own = ("/TR", "heads")
    for kid in kids:
        if isinstance(kid, Dictionary):
            yield from _contents(kid, above + own, page)
        elif page is not None:
            yield page.objgen, above + own
