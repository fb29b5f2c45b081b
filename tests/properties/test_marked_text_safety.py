"""Whatever a scanner writes, pages show its words and nothing but the subset."""

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from policycortex.documents.marked_text import LONGEST_PARSED, is_web_address, parse_marked_text, shorten_blocks
from policycortex.rendering.marked_markup import marked, marked_json, marked_line

_PIECES = st.sampled_from([
    "**", "*", "_", "`", "```", "~~~", "\n", "\n\n", "    ", "- ", "1. ", "# ", "> ", "---", "[", "](", ")", "![", "<",
    ">", "<script>", "</script>", "<!--", "<img src=x onerror=y>", "javascript:alert(1)", "data:text/html,x", "\\",
    "&lt;", "https://a.example/b", "HTTP://A.EXAMPLE", "https://a.example/%00", "//a.example", '"', "'", "word", "7",
    "é", "\x00", "\u202e", "|", "[a]: https://b.example", "{{ x }}",
])  # fmt: skip
_TEXTS = st.one_of(st.lists(_PIECES, max_size=40).map("".join), st.text(max_size=200))
_TAGS = {"p", "pre", "ul", "li", "span", "br", "wbr", "code", "em", "strong", "a"}
_ATTRIBUTES = {"class", "href", "rel"}


class _Reader(HTMLParser):
    """Reads markup as a browser would: elements with attributes, and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Add to the text."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Refuse: the subset has none."""
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        """Refuse: the subset has none."""
        raise AssertionError(f"a declaration: {decl}")


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


@given(_TEXTS)
def test_markup_never_leaves_the_subset(text: str) -> None:
    """Elements and attributes are those of the subset, and links lead to the web."""
    for markup in (marked(text, 10_000), marked_line(text, 10_000)):
        for tag, attributes in _Reader(markup).elements:
            assert tag in _TAGS
            assert set(attributes) <= _ATTRIBUTES
            assert is_web_address(attributes.get("href") or "https://a.example")


@given(_TEXTS)
@example("1. *")
@example("1. * word")
@example("2. - \n3. word")
def test_no_word_is_lost(text: str) -> None:
    """All letters and digits of the text are shown or are the address of a link, in their order.

    A fence's language is the only one that is not shown, so fences are left out here.
    """
    text = text.replace("```", "").replace("~~~", "")
    blocks = parse_marked_text(text)
    shown = "".join(
        block.marker + "".join(span.text + ("" if span.text == span.url else span.url) for span in block.spans)
        for block in blocks
    )
    assert not _missing(_letters(text), _letters(shown))


def _missing(letters: str, shown: str) -> str:
    """The letters that are not in ``shown``, read in order."""
    rest = iter(shown)
    return "".join(letter for letter in letters if letter not in rest)


@given(_TEXTS)
def test_links_of_the_json_form_are_web_addresses(text: str) -> None:
    """The page's script gets texts, looks and web addresses only."""
    for kind, level, _marker, spans in marked_json(parse_marked_text(text)):
        assert kind in {"paragraph", "item", "code"}
        assert level >= 0
        for span in spans:
            assert isinstance(span, str) or (set(span[1]) <= set("sec") and (not span[2] or is_web_address(span[2])))


@given(_TEXTS, st.integers(1, 50))
def test_a_shortened_text_is_short(text: str, limit: int) -> None:
    """At most ``limit`` characters and a mark where some are missing; what is left is the text's start."""
    blocks = parse_marked_text(text)
    whole, shown = ("".join(block.text for block in each) for each in (blocks, shorten_blocks(blocks, limit)))
    assert len(shown) <= limit + 1
    assert shown == whole if len(whole) <= limit else shown.endswith("…") and whole.startswith(shown[:-1])


def test_cost_grows_no_faster_than_the_text() -> None:
    """Parsing hostile texts calls the parser's rules a number of times that is linear in the length.

    Calls are counted, not seconds: twice the text makes at most 2.6 times the calls.
    """
    for piece in ("[", "![", "*a ", "**a *a ", "`a` ", "- a\n", "[a](", "<", "a_", "> ", "1. ", "https://a.example "):
        calls = [_calls(piece * (size // len(piece))) for size in (1_000, 2_000, 4_000)]
        assert all(later <= 2.6 * earlier + 2_000 for earlier, later in pairwise(calls)), (piece, calls)


def test_a_line_of_100_kb_is_shown_as_it_is() -> None:
    """Longer than what is parsed, so one paragraph."""
    line = "**a** [b](https://c.example) " * 4_000
    assert len(line) > LONGEST_PARSED
    (block,) = parse_marked_text(line)
    assert block.text == line.strip()


def _calls(text: str) -> int:
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    parse_marked_text.cache_clear()
    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        parse_marked_text(text)
    finally:
        sys.setprofile(previous)
    return counted
