"""Rounding of scores."""

import copy
import pickle
import random
from fractions import Fraction

import pytest

from policycortex.scoring.rounding import (
    pass_pct,
    percent_of,
    round_parts,
    round_pct,
    round_points,
    round_share,
    rounded_change,
)


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (None, 1, None),
        (0.0, 1, 0.0),
        (100.0, 1, 100.0),
        (99.95, 1, 99.9),
        (99.9999, 2, 99.99),
        (0.0001, 2, 0.01),
        (0.04, 1, 0.1),
        (96.34, 1, 96.3),
        (94.75503411431741, 2, 94.76),
    ],
)
def test_a_score_is_rounded_but_never_to_an_end_it_has_not_reached(
    value: float | None, digits: int, written: float | None
) -> None:
    """99.95 is not 100 and 0.04 is not 0."""
    assert round_pct(value, digits) == written


@pytest.mark.parametrize("value", [-0.1, 100.1, float("nan")])
def test_a_number_outside_0_to_100_is_refused(value: float) -> None:
    """A score outside 0-100 is a defect elsewhere and must not be shown."""
    with pytest.raises(ValueError, match="between 0 and 100"):
        round_pct(value)


def test_nothing_is_rounded_twice() -> None:
    """87.449 is 87.45 with two digits and 87.4 with one, also from its copy; 2/3 is rounded from the fraction."""
    two = round_pct(87.449)
    assert (two, round_pct(two, 1)) == (87.45, 87.4)
    assert round_pct(copy.deepcopy(two), 1) == round_pct(pickle.loads(pickle.dumps(two)), 1) == 87.4  # noqa: S301 - own
    assert percent_of(2, 3) == pytest.approx(200 / 3)
    assert (percent_of(0, 0), pass_pct(0, 0), pass_pct(2, 1)) == (None, None, 66.67)


def test_a_change_is_the_difference_of_the_numbers_as_shown() -> None:
    """In 10,000 random pairs; of the differences themselves some 2,200 would be shown otherwise."""
    chance, otherwise = random.Random(7), 0  # noqa: S311 - test data
    for _ in range(10_000):
        before, after = (Fraction(100 * chance.randrange(1, n), n) for n in (chance.randrange(2, 900) for _ in "ab"))
        old, new = round_pct(before, 1), round_pct(after, 1)
        change = rounded_change(before, after, 1)
        assert old is not None
        assert new is not None
        assert change is not None
        assert round(10 * change) == round(10 * new) - round(10 * old)
        assert (change == 0) == (float(old) == float(new))
        otherwise += round(float(after - before), 1) != change
    assert 2_000 < otherwise < 3_000
    assert rounded_change(None, 1.0, 1) is rounded_change(1.0, None, 1) is None


def test_points_that_are_not_0_are_not_shown_as_0() -> None:
    """Neither gains nor losses; parts add up to their total as shown."""
    assert (round_points(0.001), round_points(-0.001), round_points(0), round_points(1.236)) == (0.01, -0.01, 0, 1.24)
    thirds = dict.fromkeys("abc", Fraction(100, 9))
    assert sum(round_parts(thirds, Fraction(100, 3), 1).values()) == pytest.approx(33.3)
    assert round_parts({"a": 0, "b": 0}, 0) == {"a": 0, "b": 0}


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    """2 of 3 is 0.6667; one of a million and all but one of a million are not 0 and 1, and all and none are."""
    shares = (Fraction(2, 3), Fraction(1, 10**6), 1 - Fraction(1, 10**6), Fraction(1), Fraction(0))
    assert [round_share(share) for share in shares] == [0.6667, 0.0001, 0.9999, 1.0, 0.0]
