"""A shortened text ends after a word, with a mark, and keeps its limit."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.rendering.excel.tables import CELL_LIMIT, fit_cell
from policycortex.rendering.pdf.finding_rows import shown_text
from policycortex.rendering.visible_text import show_controls
from policycortex.shortening import MARK, shorten

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("Make all buckets read-only for everyone", 24, "Make all buckets…"),
        ("Make all buckets read only", 17, "Make all buckets…"),
        ("Close the port, then check", 17, "Close the port…"),
        ("Close the port. Check it then", 17, "Close the port…"),
        ("arn:aws:s3:::acme-production-logs", 20, "arn:aws:s3:::acme…"),
        ("0123456789abcdef0123456789abcdef", 20, "0123456789abcdef012…"),
        ("请为所有存储桶启用加密并限制访问", 8, "请为所有存储桶…"),
        ("Cafe\u0301s", 5, "Caf…"),
        ("ab", 1, "…"),
    ],
)
def test_a_text_ends_after_a_word(text: str, limit: int, shown: str) -> None:
    """Words, identifiers by their separators, and within a word only where there is neither."""
    assert shorten(text, limit) == shown


@given(_TEXTS, st.integers(1, 40))
def test_a_shortened_text_keeps_its_limit(text: str, limit: int) -> None:
    """It is the text, or a start of it and the mark, of ``limit`` characters at most."""
    shown = shorten(text, limit)
    assert len(shown) <= limit
    assert shown == text or (shown.endswith(MARK) and text.startswith(shown.removesuffix(MARK)))


@given(st.lists(st.text("abcde,.", min_size=1, max_size=9), min_size=2, max_size=20), st.integers(24, 60))
def test_no_word_of_a_sentence_is_cut(words: list[str], limit: int) -> None:
    """Where words are shorter than half of the limit, each word shown is a word of the text but for its last signs."""
    shown = shorten(" ".join(words), limit).removesuffix(MARK).split()
    assert [word.rstrip(",.") for word in shown] == [word.rstrip(",.") for word in words[: len(shown)]]


@given(st.lists(_TEXTS, min_size=1), st.integers(1, 40))
def test_a_column_is_shortened_as_a_text_is(texts: list[str], limit: int) -> None:
    """Pages of findings show what ``shorten`` gives."""
    frame = pl.DataFrame({"t": texts}).select(shown_text("t", limit))
    assert frame["t"].to_list() == [show_controls(shorten(text, limit)) for text in texts]


@pytest.mark.parametrize("word", ["word ", "\U0001f512 ", "\U0001f512"])
def test_a_cell_keeps_the_limit_of_excel_in_its_units(word: str) -> None:
    """32,767 units of UTF-16, the mark included; no character is halved."""
    shown = fit_cell(word * CELL_LIMIT)
    assert CELL_LIMIT - 8 <= len(shown.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert shown.endswith(MARK)
    assert set(shown) <= set(word) | {MARK}
