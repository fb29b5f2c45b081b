"""The guard against formulas in CSV cells: one rule for one text, for a column, and back."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.spreadsheet_text import guard_formula, guard_formulas, unguard_formula

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FORMULAS = ("=1+1", "+1", "-1", "-", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠A", "'=1", "''＝1")
PLAIN = ("", "a=1", "1-2", " =1", "'", "'a", "e@example.com", "−1", "–")
"""Spreadsheets do not compute these; the last two start with a minus sign and a dash."""


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_starts_like_a_formula_gets_an_apostrophe(text: str) -> None:
    """Every start that a spreadsheet may compute, also behind apostrophes."""
    assert guard_formula(text) == f"'{text}"
    assert unguard_formula(f"'{text}") == text


@pytest.mark.parametrize("text", PLAIN)
def test_any_other_cell_stays_as_it_is(text: str) -> None:
    """Nothing is added and nothing is taken off."""
    assert guard_formula(text) == unguard_formula(text) == text


@given(TEXTS)
def test_the_guard_can_be_undone(text: str) -> None:
    """The text given comes back, also where it begins with apostrophes itself."""
    assert unguard_formula(guard_formula(text)) == text


@given(st.lists(st.sampled_from(FORMULAS + PLAIN) | TEXTS, min_size=1))
def test_a_column_follows_the_same_rule(texts: list[str]) -> None:
    """The Polars expression does to a column what the function does to one text."""
    frame = pl.DataFrame({"t": texts})
    assert frame.select(guard_formulas(pl.col("t")))["t"].to_list() == [guard_formula(text) for text in texts]
