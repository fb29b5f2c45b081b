"""Rounded parts that add up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.scoring.apportion import apportion


def test_the_first_of_three_thirds_gets_the_last_step() -> None:
    """33.33 three times is 99.99: the first gets the missing hundredth."""
    assert apportion([Fraction(100, 3)] * 3, Decimal(100), 2) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


def test_a_total_without_parts_is_refused() -> None:
    """There is no part that could get the total."""
    with pytest.raises(ValueError, match=r"cannot share 0\.01"):
        apportion([Fraction()], Decimal("0.01"), 2)


@given(st.lists(st.fractions(-100, 100), min_size=1, max_size=9), st.integers(-1, 1))
def test_parts_add_up_and_stay_close(parts: list[Fraction], shift: int) -> None:
    """They sum to the total even when it is a step off, zeros stay zero, none changes by more than two steps."""
    if not any(parts):
        return
    total = (Decimal(round(sum(parts) * 100)) + shift) / 100
    written = apportion(parts, total, 2)
    assert sum(written, Decimal()) == total
    limit = Fraction(2, 100) if sum(map(bool, parts)) > 1 else Fraction(3, 100)
    assert all(abs(Fraction(w) - p) <= limit for w, p in zip(written, parts, strict=True))
    assert all(w == 0 for w, p in zip(written, parts, strict=True) if not p)
