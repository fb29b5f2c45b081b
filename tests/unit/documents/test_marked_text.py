"""Scanners' Markdown becomes a few kinds of blocks; evidence that only looks like markup stays as it is written."""

import pytest

from policycortex.documents.marked_text import (
    LONGEST_PARSED,
    BlockKind,
    MarkedBlock,
    MarkedSpan,
    is_plain,
    parse_marked_text,
    shorten_blocks,
)
from policycortex.rendering.marked_markup import marked_words


def test_the_parts_of_the_subset() -> None:
    """Strong, emphasised and fixed-width text, links, numbered and nested items, and a code block."""
    text = (
        "Use **IAM** roles, see [the *guide*](https://docs.example.com/a_b?x=1) and `aws s3 ls`.\n\n"
        "1. one\n2. two\n   - sub\n\n```bash\nls -l\n  cd\n```\n## Then\nrestart"
    )
    assert parse_marked_text(text) == (
        MarkedBlock(
            kind=BlockKind.PARAGRAPH,
            spans=(
                MarkedSpan(text="Use "),
                MarkedSpan(text="IAM", is_strong=True),
                MarkedSpan(text=" roles, see "),
                MarkedSpan(text="the ", url="https://docs.example.com/a_b?x=1"),
                MarkedSpan(text="guide", is_emphasised=True, url="https://docs.example.com/a_b?x=1"),
                MarkedSpan(text=" and "),
                MarkedSpan(text="aws s3 ls", is_code=True),
                MarkedSpan(text="."),
            ),
        ),
        MarkedBlock(kind=BlockKind.ITEM, spans=(MarkedSpan(text="one"),), level=1, marker="1."),
        MarkedBlock(kind=BlockKind.ITEM, spans=(MarkedSpan(text="two"),), level=1, marker="2."),
        MarkedBlock(kind=BlockKind.ITEM, spans=(MarkedSpan(text="sub"),), level=2, marker="•"),
        MarkedBlock(kind=BlockKind.CODE, spans=(MarkedSpan(text="ls -l\n  cd", is_code=True),)),
        MarkedBlock(kind=BlockKind.PARAGRAPH, spans=(MarkedSpan(text="Then", is_strong=True),)),
        MarkedBlock(kind=BlockKind.PARAGRAPH, spans=(MarkedSpan(text="restart"),)),
    )


@pytest.mark.parametrize(
    "text",
    [
        'Policy allows "Action": "*" on "Resource": "*".',
        "s3:*/* and iam:* are allowed; a*b*c",
        "__init__ of _private_ and snake_case_name",
        "> 90 days without rotation",
        "the pattern ^\\*\\.example\\.com$ and a &lt; b &amp; c",
        "[note]: https://elsewhere.example",
        "<script>alert(1)</script> <img src=x onerror=alert(1)>",
        "[run](javascript:alert(1)) [data](data:text/html,x) [file](file:///etc/passwd) [rel](/path)",
        "[u](https://user:pw@host.example/) [q](https://host.example/\\)",
        '[x](https://host.example/"onclick)',
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    """Wildcards, names, comparisons, escapes, tags and links to anything but the web are shown as written."""
    assert "".join(block.text for block in parse_marked_text(text)) == text
    assert {span.url for block in parse_marked_text(text) for span in block.spans} <= {
        "",
        "https://elsewhere.example",
        "https://host.example/",
    }


def test_a_picture_is_its_description_and_a_link() -> None:
    """No picture is part of the subset, so none can be fetched."""
    (block,) = parse_marked_text("![console](https://host.example/a.png)")
    assert block.spans == (MarkedSpan(text="console", url="https://host.example/a.png"),)


def test_a_web_address_in_a_sentence_is_a_link_without_its_full_stop() -> None:
    """The full stop after an address ends the sentence."""
    (block,) = parse_marked_text("See https://docs.example.com/x.")
    assert [(span.text, span.url) for span in block.spans] == [
        ("See ", ""),
        ("https://docs.example.com/x", "https://docs.example.com/x"),
        (".", ""),
    ]


def test_lines_of_a_scanner_stay_lines() -> None:
    """Scanners write one fact per line; CommonMark would join them."""
    (block,) = parse_marked_text("Installed: 1.2\nFixed: 1.3")
    assert block.text == "Installed: 1.2\nFixed: 1.3"


def test_a_very_long_text_is_not_parsed() -> None:
    """Beyond the limit a text is one paragraph as written."""
    text = "**x** " * LONGEST_PARSED
    (block,) = parse_marked_text(text)
    assert block.text == text.strip()


def test_shortened_blocks_end_after_a_word_with_a_mark() -> None:
    """Of two blocks all of the first, and the words of the second that fit; where none fits, the first has the mark."""
    blocks = parse_marked_text("**abc** def\n\nOpen the console")
    assert [block.text for block in shorten_blocks(blocks, 17)] == ["abc def", "Open the…"]
    assert [block.text for block in shorten_blocks(blocks, 7)] == ["abc def…"]
    assert shorten_blocks(blocks, 100) == blocks


def test_an_ordinary_sentence_is_plain() -> None:
    """Pages show such a text without looking at blocks."""
    assert is_plain(parse_marked_text("Bucket acme-logs has no encryption."))
    assert not is_plain(parse_marked_text("Use `x`."))
    assert parse_marked_text(" \n ") == ()


def test_a_text_can_be_one_line() -> None:
    """Page one has a line for each action, whatever lists and code blocks a scanner writes."""
    assert marked_words("Do **this**:\n\n1. one\n2. two\n\n```\nls\n```", 100) == "Do this: 1. one 2. two ls"
    assert marked_words("<b>" + "x" * 20, 5) == "&lt;b&gt;x…"
