"""What the annex consists of: headings, sentences and rows of tables, with their texts as spans. No content here.

A span is JSON for ``annex.typ``: a text, or ``s`` (style), ``t`` (text, or pieces between which a line may break),
``c`` (class of a severity or result) and ``l`` (address of a link).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from unicodedata import category
from urllib.parse import quote

from policycortex.documents.locales import Locale
from policycortex.documents.marked_text import parse_marked_text, shorten_blocks
from policycortex.documents.model import ReportDocument
from policycortex.rendering.visible_text import show_controls, split_at_separators

LINK_SCHEME: Final = "report:"
"""Links from one part of a report into another: ``report:<name>``, which ``links`` resolves in the finished file."""

_PIECE: Final = 24
"""Characters of one piece of a long word; the narrowest column of texts holds as many."""
_LONG_WORD: Final = re.compile(rf"\S{{{_PIECE + 1},}}")
_JOINER: Final = "\u200d"

Span: TypeAlias = str | dict[str, Any]
Cell: TypeAlias = Sequence[Span]
BREAK: Final[Span] = {"s": "break", "t": ""}
"""The next span begins a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForm:
    """Columns of a table; all its rows have one cell for each, or one over all."""

    id: str
    widths: tuple[float, ...]
    """Percent."""
    heads: tuple[str, ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One heading, sentence or row. Without ``table`` it stands between tables."""

    cells: tuple[Cell, ...]
    """One cell where the item is no row or its row has one cell over all columns."""
    table: TableForm | None = None
    style: str = ""
    anchor: str = ""
    """Name by which links reach it."""
    heading: int = 0
    """Level of the heading in the first cell; 0: none."""
    title: Cell = ()
    """The heading's spans, before those of the first cell."""
    is_head: bool = False
    """A row that belongs to the rows after it and never ends a page."""
    mark: tuple[int, str] | None = None
    """Depth and title of its outline entry."""

    @property
    def weight(self) -> float:
        """How much it costs to set, in rows of a findings table."""
        return 1 + sum(len(cell) for cell in self.cells) / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnexContext:
    """What all items are made from."""

    document: ReportDocument
    locale: Locale
    anchors: Mapping[str, str]
    """By requirement the name of the place that has its result."""
    exceptions: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """Numbers of failing findings by requirement and check."""


def styled(style: str, text: str, *, link: str = "", name: str = "") -> Span:
    """``text`` in a style of ``annex.typ``; ``name`` is the class of a severity, status or result."""
    span: dict[str, Any] = {"s": style, "t": _pieces(show_controls(text))}
    return span | ({"c": name} if name else {}) | ({"l": link} if link else {})


def plain(text: str) -> Span:
    """``text`` in the style of its cell."""
    shown = show_controls(text)
    return {"s": "plain", "t": _pieces(shown)} if _LONG_WORD.search(shown) else shown


def identifier(style: str, text: str) -> Span:
    """``text`` whose lines break after the separators of identifiers, and copies without a sign of it."""
    return {"s": style, "t": _pieces_of_word(show_controls(text))}


def marked_spans(text: str, limit: int) -> Iterator[Span]:
    """The first ``limit`` characters of a scanner's text in the style of its words; each block is a line."""
    for number, block in enumerate(shorten_blocks(parse_marked_text(text), limit)):
        if number:
            yield BREAK
        if block.marker:
            yield styled("words", f"{block.marker} ")
        for span in block.spans:
            style = "words-code" if span.is_code else "words-strong" if span.is_strong else "words"
            yield styled(style, span.text.replace("\n", " "), link=span.url)
            if span.url and span.text != span.url:
                yield styled("words", f" ({span.url})")


def link_to(target: str, label: str, at: str = "") -> str:
    """The address of a link to ``target``; ``label`` is read aloud, ``at`` makes the link itself a place to go to."""
    return f"{LINK_SCHEME}{target}?say={quote(label[:80])}" + (f"&at={quote(at)}" if at else "")


def joined(cells: Sequence[Cell], separator: str = ", ") -> Iterator[Span]:
    """The spans of ``cells`` with a separator between them."""
    for number, cell in enumerate(cells):
        if number:
            yield separator
        yield from cell


def counts_of(row: Any, names: Sequence[str], locale: Locale) -> tuple[Cell, ...]:  # noqa: ANN401 - a requirement
    """A cell for each of ``names``, such as ``passed``: its findings with this outcome."""
    return tuple((locale.number(getattr(row, name)),) for name in names)


def _pieces(text: str) -> str | list[str]:
    """Long words in pieces, so that none is wider than its column."""
    if not _LONG_WORD.search(text):
        return text
    words = re.split(r"(?<=\s)", text)
    return [piece for word in words for piece in (_pieces_of_word(word) if _LONG_WORD.match(word) else [word])]


def _pieces_of_word(word: str) -> list[str]:
    return [part for piece in split_at_separators(word) for part in _cut(piece)]


def _cut(piece: str) -> list[str]:
    """At most ``_PIECE`` characters each; accents, skin tones and parts of one emoji stay with what they belong to."""
    parts, start = [], 0
    while len(piece) - start > _PIECE:
        end = start + _PIECE
        while end < len(piece) and (_is_mark(piece[end]) or piece[end - 1] == _JOINER):
            end += 1
        parts.append(piece[start:end])
        start = end
    return [*parts, piece[start:]]


def _is_mark(character: str) -> bool:
    return character == _JOINER or category(character).startswith("M") or "\U0001f3fb" <= character <= "\U0001f3ff"
