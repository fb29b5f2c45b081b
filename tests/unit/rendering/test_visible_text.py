"""Text from outside shows and does not act."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from policycortex.rendering.visible_text import show_controls, show_controls_in

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(_TEXT, min_size=1))
def test_columns_and_single_texts_follow_one_rule(texts: list[str]) -> None:
    """The Polars expression does to a column what the function does to one text."""
    frame = pl.DataFrame({"t": texts})
    assert frame.select(show_controls_in(pl.col("t")))["t"].to_list() == [show_controls(t) for t in texts]


def test_acting_characters_are_written_as_their_number() -> None:
    """A mark that turns the reading direction, a bell and a NUL are seen; line ends and tabs stay."""
    assert show_controls("a\u202eb\x07\x00\n\tc\ud800") == "a[U+202E]b[U+0007][U+0000]\n\tc[U+D800]"
