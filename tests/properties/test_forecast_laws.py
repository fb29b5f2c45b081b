"""Properties of every forecast, for any history."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.model import Forecast

histories = st.dictionaries(
    st.integers(0, 60).map(lambda number: date(2026, 1, 1) + timedelta(days=number)),
    st.none() | st.floats(0, 100, allow_nan=False),
    min_size=8,
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(histories, st.floats(0, 100), st.randoms(use_true_random=False))
def test_a_forecast_stays_in_bounds_and_in_order(
    history: dict[date, float | None], target: float, random: object
) -> None:
    """0 <= low 95 <= low 80 <= value <= high 80 <= high 95 <= 100, on consecutive days; probabilities never fall."""
    made = forecast_score(history, horizon_days=9, target_pct=target)
    items = list(history.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert forecast_score(dict(items), horizon_days=9, target_pct=target) == made
    if not isinstance(made, Forecast):
        return
    for number, p in enumerate(made.points, start=1):
        assert p.day == made.origin + timedelta(days=number)
        assert 0 <= p.low_95 <= p.low_80 <= p.value_pct <= p.high_80 <= p.high_95 <= 100
    assert made.target is not None
    assert list(made.target.cumulative) == sorted(made.target.cumulative)
    assert 0 <= made.target.cumulative[0] <= made.target.probability_within_horizon <= 1
