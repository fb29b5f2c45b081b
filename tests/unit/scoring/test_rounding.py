"""Rounding of scores."""

import pytest

from policycortex.scoring.rounding import round_pct


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
