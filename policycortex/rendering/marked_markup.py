"""Texts of scanners as HTML, and as the JSON that the page's script makes elements of: never more than the blocks say.

``documents.marked_text`` parses; nothing here looks at markup of the text.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from markupsafe import Markup, escape

from policycortex.documents.marked_text import BlockKind, MarkedBlock, MarkedSpan, parse_marked_text, shorten_blocks
from policycortex.rendering.visible_text import show_controls, split_at_separators
from policycortex.shortening import shorten

_DEEPEST_SHOWN: Final = 3
_LONG_WORD: Final = 16
"""Characters from which on a word of a sentence may break after its separators; ``read-only`` stays whole."""


def breakable(text: str) -> Markup:
    """``text`` as markup whose lines may break after the separators of identifiers, and copies without a sign of it."""
    return Markup("<wbr>").join(split_at_separators(show_controls(text)))


def marked(text: str, limit: int) -> Markup:
    """The first ``limit`` characters of a scanner's text as paragraphs, lists and code blocks."""
    blocks = shorten_blocks(parse_marked_text(text), limit)
    return Markup("").join(_groups(blocks))


def marked_line(text: str, limit: int) -> Markup:
    """The first ``limit`` characters of a scanner's text as inline markup; each block is a line."""
    blocks = shorten_blocks(parse_marked_text(text), limit)
    lines = (Markup("{} {}").format(b.marker, _spans(b.spans)) if b.marker else _spans(b.spans) for b in blocks)
    return Markup("<br>").join(lines)


def marked_words(text: str, limit: int) -> Markup:
    """The first ``limit`` characters of a scanner's text as one line without looks, for narrow cells."""
    blocks = parse_marked_text(text)
    words = " ".join(f"{block.marker} {block.text}".strip() for block in blocks).replace("\n", " ")
    return _words(shorten(words, limit), is_code=False)


def marked_json(blocks: Iterable[MarkedBlock]) -> list[Any]:
    """Per block its kind, level, marker and spans: a text, or a text with its looks (of ``sec``) and its link."""
    return [[block.kind.value, block.level, block.marker, [_span_json(s) for s in block.spans]] for block in blocks]


def _groups(blocks: Sequence[MarkedBlock]) -> Iterator[Markup]:
    for is_list, group in groupby(blocks, key=lambda block: block.kind is BlockKind.ITEM):
        if is_list:
            items = Markup("").join(_item(block) for block in group)
            yield Markup('<ul class="marked-list">{}</ul>').format(items)
        else:
            yield from (_block(block) for block in group)


def _item(block: MarkedBlock) -> Markup:
    level = min(block.level, _DEEPEST_SHOWN)
    return Markup('<li class="level-{}"><span class="marker">{}</span> {}</li>').format(
        level, block.marker, _spans(block.spans)
    )


def _block(block: MarkedBlock) -> Markup:
    if block.kind is BlockKind.CODE:
        return Markup("<pre>{}</pre>").format(_spans(block.spans))
    return Markup("<p>{}</p>").format(_spans(block.spans))


def _spans(spans: Iterable[MarkedSpan]) -> Markup:
    return Markup("").join(_span(span) for span in spans)


def _span(span: MarkedSpan) -> Markup:
    if span.url:
        # An element inside a link, also a place for a line break, would be a second annotation in PDF without a tag.
        text = " ".join(show_controls(span.text).splitlines())
        shown = Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(span.url, text)
    else:
        shown = Markup("<br>").join(_words(line, is_code=span.is_code) for line in span.text.split("\n"))
    if span.is_code:
        shown = Markup("<code>{}</code>").format(shown)
    if span.is_emphasised:
        shown = Markup("<em>{}</em>").format(shown)
    if span.is_strong:
        shown = Markup("<strong>{}</strong>").format(shown)
    # a reader sees where a link leads, also on paper
    return shown if span.url in {"", span.text} else Markup("{} ({})").format(shown, breakable(span.url))


def _words(line: str, *, is_code: bool) -> Markup:
    if is_code:
        return breakable(line)
    words = (breakable(word) if len(word) >= _LONG_WORD else escape(show_controls(word)) for word in line.split(" "))
    return Markup(" ").join(words)


def _span_json(span: MarkedSpan) -> str | list[str]:
    looks = "s" * span.is_strong + "e" * span.is_emphasised + "c" * span.is_code
    text = show_controls(span.text)
    return [text, looks, span.url] if looks or span.url else text
