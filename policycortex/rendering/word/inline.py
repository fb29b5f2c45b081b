"""Inline HTML to runs: looks by class, links, bookmarks, and white space as a browser collapses it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from lxml.html import HtmlElement

from policycortex.rendering.tints import TINTS
from policycortex.rendering.word.markup import (
    LINK,
    PLAIN,
    Look,
    bookmark,
    internal_link,
    line_break,
    run,
    web_link,
)

_SPACES: Final = re.compile(r"[ \t\r\n\f]+")
_OWN_LINE: Final = frozenset(
    ("sub", "about", "checks", "words", "todo", "exceptions", "how-many", "facts-line", "listed")
)
"""Classes that the page shows on a line of their own."""
_CODE: Final = frozenset(("mono", "uid"))
_MARKS: Final = frozenset(("severity", "band"))
"""Coloured words, which the page sets apart from what follows."""
_LEFT_OUT: Final = frozenset(("swatch", "end"))
_GREY: Final = "566779"
_TINT_OF_CLASS: Final[Mapping[str, str]] = {
    "critical": "critical", "high": "high", "medium": "medium", "low": "low", "informational": "none",
    "compliant": "good", "non_compliant": "bad", "supporting_evidence": "support", "not_assessed": "none",
    "not_applicable": "none", "act_now": "critical", "act_soon": "high", "plan": "medium", "watch": "none",
}  # fmt: skip


class Places:
    """Numbers bookmarks, and holds those whose paragraph has not begun."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._waiting: list[str] = []

    def add(self, anchor: str) -> str:
        """The bookmark of an anchor; "" where the document has it already."""
        if not anchor or anchor in self._numbers:
            return ""
        self._numbers[anchor] = len(self._numbers) + 1
        return bookmark(anchor, self._numbers[anchor])

    def wait(self, anchor: str) -> None:
        """Keep the anchor of an element without a paragraph for the next paragraph."""
        if made := self.add(anchor):
            self._waiting.append(made)

    def take(self) -> str:
        """The bookmarks that waited."""
        taken = "".join(self._waiting)
        self._waiting.clear()
        return taken


class Line:
    """The content of one paragraph while it is built. With ``keeps_spaces`` white space stays, as in code."""

    def __init__(self, places: Places, *, keeps_spaces: bool = False) -> None:
        self._places = places
        self._keeps_spaces = keeps_spaces
        self._parts: list[str] = []
        self._is_open = False
        """Whether the last text ends with something that a space may follow."""
        self.length = 0

    @property
    def content(self) -> str:
        """The runs; "" where there is nothing to see."""
        return "".join(self._parts) if self.length else ""

    def add(self, text: str | None, look: Look = PLAIN) -> None:
        """Append text, white space collapsed."""
        for shown in self._collapsed(text):
            self._parts.append(run(shown, look))

    def append(self, element: HtmlElement, look: Look = PLAIN) -> None:
        """Append an inline element with all it holds, not its tail."""
        classes = set((element.get("class") or "").split())
        if not isinstance(element.tag, str) or classes & _LEFT_OUT or element.tag in {"svg", "script", "style"}:
            return
        if element.tag == "br" or (classes & _OWN_LINE and self._is_open):
            self._parts.append(line_break())
            self._is_open = False
        self._parts.append(self._places.add(element.get("id") or ""))
        if element.tag == "a" and self._link(element):
            return
        inner = _look_of(element, classes, look)
        self.add(element.text, inner)
        for child in element:
            self.append(child, inner)
            self.add(child.tail, inner)
        if classes & _MARKS:
            self.add(" ")

    def _link(self, element: HtmlElement) -> bool:
        address, text = element.get("href") or "", " ".join(element.text_content().split())
        if address.startswith("#") and "=" not in address:
            made: str | None = internal_link(address[1:], run(text, LINK))
        else:
            made = web_link(address, text)
        if made is None or not text:
            return False
        self._parts.append(made)
        self._is_open = True
        self.length += len(text)
        return True

    def _collapsed(self, text: str | None) -> Iterator[str]:
        shown = (text or "") if self._keeps_spaces else _SPACES.sub(" ", text or "")
        if not self._is_open and not self._keeps_spaces:
            shown = shown.lstrip(" ")
        if shown:
            self._is_open = not shown.endswith(" ")
            self.length += len(shown.strip())
            yield shown


def _look_of(element: HtmlElement, classes: set[str], look: Look) -> Look:
    if element.tag in {"strong", "b"}:
        look = replace(look, is_bold=True)
    if element.tag in {"em", "i"}:
        look = replace(look, is_italic=True)
    if element.tag == "code" or classes & _CODE:
        look = replace(look, style="Code")
    if classes & _OWN_LINE:
        look = replace(look, is_small=True, colour=_GREY)
    if classes & {"severity", "band", "result"}:
        tint = next((TINTS[_TINT_OF_CLASS[name]] for name in sorted(classes) if name in _TINT_OF_CLASS), None)
        if tint is not None:
            look = replace(look, fill=tint[0][1:], colour=tint[1][1:], is_bold="result" not in classes)
    return look
