"""Texts of scanners as a small subset of CommonMark: paragraphs, list items, code, emphasis and web links.

Every format reads the same blocks, so that no format has to parse Markdown and none can be given anything else. Markup
of a file format goes to ``rendering/``.

A scanner's text is evidence: nothing of it may disappear because it looks like markup. Underscores are parts of names,
``"*"`` is a wildcard, ``>`` compares. Where a letter or digit would be lost all the same, the text is not parsed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from policycortex.shortening import MARK, shorten

LONGEST_PARSED: Final = 20_000
"""Characters of the longest text that is parsed; a longer one is shown as it is. So the cost per text is bounded."""


class BlockKind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    ITEM = "item"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedSpan:
    """A piece of a block with one look. A line end in ``text`` is a line end on the page."""

    text: str
    is_strong: bool = False
    is_emphasised: bool = False
    is_code: bool = False
    url: str = ""
    """An ``http`` or ``https`` address of printable ASCII characters; empty: no link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedBlock:
    """One paragraph, list item or code block."""

    kind: BlockKind
    spans: tuple[MarkedSpan, ...]
    level: int = 0
    """Lists around the block: 1 for items of a list, 0 outside of lists."""
    marker: str = ""
    """``•`` or ``3.`` for items, else empty."""

    @property
    def text(self) -> str:
        """The block without its looks."""
        return "".join(span.text for span in self.spans)


@lru_cache(maxsize=4096)
def parse_marked_text(text: str) -> tuple[MarkedBlock, ...]:
    """The blocks of ``text`` in order; empty for an empty text. No text raises an error; the cost is linear."""
    plain = text.strip()
    if not plain:
        return ()
    if not _MAY_BE_MARKED.search(plain) or len(plain) > LONGEST_PARSED:
        return _plain(plain)
    tokens = _MARKDOWN.parse(text.strip("\r\n"))
    blocks = tuple(_blocks(tokens))
    has_all = _words_of(text) == _words_of(_kept(tokens)) and _has_numbers(blocks, tokens)
    return blocks if has_all else _plain(plain)


def _has_numbers(blocks: Sequence[MarkedBlock], tokens: Sequence[Token]) -> bool:
    """Whether each number of an item stands before a block: an item that only holds a list, or nothing, has none."""
    numbered = sum(token.type == "list_item_open" and bool(token.info) for token in tokens)
    return numbered == sum(block.marker not in {"", "•"} for block in blocks)


def is_plain(blocks: Sequence[MarkedBlock]) -> bool:
    """Whether the blocks look the same as their text: one paragraph without any look."""
    return (
        all(b.kind is BlockKind.PARAGRAPH and b.spans == (MarkedSpan(text=b.text),) for b in blocks) and len(blocks) < 2
    )


def shorten_blocks(blocks: Sequence[MarkedBlock], limit: int) -> tuple[MarkedBlock, ...]:
    """The blocks when they have at most ``limit`` characters, else their first words followed by ``…``."""
    kept: list[MarkedBlock] = []
    left = limit
    for block in blocks:
        if len(block.text) > left:
            kept.append(_shortened(block, left, kept))
            break
        left -= len(block.text)
        kept.append(block)
    return tuple(kept)


def _shortened(block: MarkedBlock, limit: int, before: list[MarkedBlock]) -> MarkedBlock:
    """The block's first words and the mark; the block before it with the mark where no word fits."""
    words = shorten(block.text, max(limit, 1)).removesuffix(MARK)
    if not words and before:
        block = before.pop()
        words = block.text
    return replace(block, spans=(*_cut(block.spans, len(words)), MarkedSpan(text=MARK)))


def _cut(spans: Sequence[MarkedSpan], limit: int) -> Iterator[MarkedSpan]:
    for span in spans:
        if limit > 0:
            yield replace(span, text=span.text[:limit])
        limit -= len(span.text)


def is_web_address(url: str) -> bool:
    """Whether a link may lead to ``url``."""
    return _WEB_ADDRESS.fullmatch(url) is not None


_WEB_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?(?:[/?#][!#-;=?-\[\]_a-z~]*)?", re.ASCII)
"""No user names, no quotes, angle brackets, backslashes, spaces or controls."""
_BARE_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9][!#-;=?-\[\]_a-z~]*[A-Za-z0-9/#=&_~\-]", re.ASCII)
_MAY_BE_MARKED: Final = re.compile(r"[*`\[\n\r~#]|://|^\s*[-+]\s|^\s*\d+[.)]\s|^ {4}")
_NO_WORD: Final = re.compile(r"[\W_]+")

# Rules that would drop characters of a text: quotes their >, references their line, escapes and entities their signs.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable(
    ["blockquote", "reference", "html_block", "html_inline", "escape", "entity"]
)
_MARKDOWN.validateLink = is_web_address  # type: ignore[method-assign]
_MARKDOWN.normalizeLink = lambda url: url  # type: ignore[method-assign]
_MARKDOWN.normalizeLinkText = lambda link: link  # type: ignore[method-assign]


def _plain(text: str) -> tuple[MarkedBlock, ...]:
    return (MarkedBlock(kind=BlockKind.PARAGRAPH, spans=tuple(_linked(MarkedSpan(text=text)))),)


def _blocks(tokens: Sequence[Token]) -> Iterator[MarkedBlock]:
    level, marker, strong = 0, "", False
    for token in tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            level += 1
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            level -= 1
        elif token.type == "list_item_open":
            marker = f"{token.info}{token.markup}" if token.info else "•"
        elif token.type in {"heading_open", "heading_close"}:
            strong = token.type == "heading_open"
        elif token.type == "inline" and (spans := _joined(_spans(token.children or (), is_strong=strong))):
            kind = BlockKind.ITEM if marker else BlockKind.PARAGRAPH
            yield MarkedBlock(kind=kind, spans=spans, level=level, marker=marker)
            marker = ""
        elif token.type in {"fence", "code_block"} and token.content.strip():
            content = MarkedSpan(text=token.content.rstrip("\n"), is_code=True)
            yield MarkedBlock(kind=BlockKind.CODE, spans=(content,), level=level, marker=marker)
            marker = ""


def _spans(tokens: Sequence[Token], *, is_strong: bool) -> Iterator[MarkedSpan]:
    literal = _literal_delimiters(tokens)
    strong, emphasised, url = int(is_strong), 0, ""
    for place, token in enumerate(tokens):
        text, is_code = token.content, token.type == "code_inline"
        if place in literal:
            text = token.markup
        elif token.type in {"strong_open", "strong_close"}:
            strong += token.nesting
        elif token.type in {"em_open", "em_close"}:
            emphasised += token.nesting
        elif token.type in {"link_open", "link_close"}:
            url = str(token.attrGet("href") or "") if token.nesting > 0 else ""
        elif token.type in {"softbreak", "hardbreak"}:
            text = "\n"
        elif token.type == "image":
            yield MarkedSpan(text=token.content or "↗", url=str(token.attrGet("src") or ""))
            continue
        if text:
            look = MarkedSpan(text=text, is_strong=strong > 0, is_emphasised=emphasised > 0, is_code=is_code, url=url)
            yield from (look,) if is_code or url else _linked(look)


def _joined(spans: Iterator[MarkedSpan]) -> tuple[MarkedSpan, ...]:
    """The spans with neighbours of one look as one."""
    joined: list[MarkedSpan] = []
    for span in spans:
        if joined and replace(joined[-1], text=span.text) == span:
            joined[-1] = replace(span, text=joined[-1].text + span.text)
        else:
            joined.append(span)
    return tuple(joined)


def _linked(span: MarkedSpan) -> Iterator[MarkedSpan]:
    """The span with web addresses in its text as links."""
    start = 0
    for match in _BARE_ADDRESS.finditer(span.text):
        if is_web_address(match[0]):
            if before := span.text[start : match.start()]:
                yield replace(span, text=before)
            yield replace(span, text=match[0], url=match[0])
            start = match.end()
    if rest := span.text[start:]:
        yield replace(span, text=rest)


def _literal_delimiters(tokens: Sequence[Token]) -> frozenset[int]:
    """Places of emphasis marks that are characters of the text: underscores, and stars that do not touch words inside.

    In ``"Action": "*", "Resource": "*"`` and ``s3:*/*`` CommonMark would take the stars away.
    """
    literal: set[int] = set()
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.type in {"em_open", "strong_open"}:
            opened.append(place)
        elif token.type in {"em_close", "strong_close"} and opened:
            start = opened.pop()
            first = next((t.content for t in tokens[start + 1 : place] if t.content), "")[:1]
            last = next((t.content for t in reversed(tokens[start + 1 : place]) if t.content), "")[-1:]
            before = tokens[start - 1].content[-1:] if start else ""
            after = tokens[place + 1].content[:1] if place + 1 < len(tokens) else ""
            touches = first.isalnum() and (last.isalnum() or last in set(".:!?)"))
            if "_" in token.markup or not touches or before.isalnum() or after.isalnum():
                literal |= {start, place}
    return frozenset(literal)


def _kept(tokens: Sequence[Token]) -> str:
    """All text that the blocks of ``tokens`` show or link to, in the order of the source."""
    parts: list[str] = []
    targets: list[str] = []
    for token in tokens:
        target = "".join(str(token.attrGet(name) or "") for name in ("href", "src", "title"))
        if token.type == "link_open":
            # an address between angle brackets is its own text
            targets.append("" if token.markup == "autolink" else target)
        elif token.type == "link_close":
            parts.append(targets.pop())
        elif token.type == "inline":
            parts.append(_kept(token.children or ()))
        elif token.type in {"list_item_open", "fence", "image"}:
            parts += [token.info, token.content, target]
        else:
            parts.append(token.content)
    return "".join(parts)


def _words_of(text: str) -> str:
    return _NO_WORD.sub("", text)
