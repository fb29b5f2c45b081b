"""The parts of the forecast, each compared with an independent result."""

from datetime import date, timedelta

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import Holt

from policycortex.scoring.forecasting import methods as forecast_methods
from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.methods import HoltStates, damped_sum, predict_all
from policycortex.scoring.forecasting.model import (
    Direction,
    DirectionOnly,
    Forecast,
    KnownStep,
    Method,
    TooLittleHistory,
)
from policycortex.scoring.forecasting.steps import find_jump, waiver_steps
from policycortex.scoring.forecasting.written import write_points

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    """The ``number``-th day after the first."""
    return FIRST + timedelta(days=number)


def history_of(values: list[float]) -> dict[date, float | None]:
    """One score a day."""
    return {day(number): value for number, value in enumerate(values)}


def made(history: dict[date, float | None], **how: object) -> Forecast:
    """Return the forecast; fail on a refusal."""
    result = forecast_score(history, **how)  # type: ignore[arg-type]
    assert isinstance(result, Forecast)
    return result


@pytest.mark.parametrize("triple", [(0.35, 0.15, 0.9), (0.9, 0.3, 0.97), (0.05, 0.0, 0.8)])
def test_damped_holt_is_that_of_statsmodels(
    triple: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same level, trend, damping and start: the same forecasts as an independent library."""
    alpha, beta, phi = triple
    monkeypatch.setattr(forecast_methods, "_GRID", (triple,))
    values = 70 + np.cumsum(np.random.default_rng(7).normal(0, 1, 40))
    model = Holt(
        values, damped_trend=True, initialization_method="known", initial_level=np.median(values[:5]), initial_trend=0.0
    )
    fitted = model.fit(smoothing_level=alpha, smoothing_trend=beta, damping_trend=phi, optimized=False)
    states = HoltStates(np.arange(40), values)
    assert states.predict(39, np.arange(1, 15)) == pytest.approx(fitted.forecast(14))


def test_a_damped_trend_reaches_its_geometric_sum() -> None:
    """0.5 + 0.25 + 0.125 = 0.875."""
    assert damped_sum(0.5, 3) == pytest.approx(0.875)


def test_a_gap_counts_as_its_days() -> None:
    """A line with gaps is continued: 60 + 0.5 a day, seen on every third day."""
    days = np.arange(0, 60, 3)
    values = np.asarray(60 + 0.5 * days, dtype=np.float64)
    ahead = np.array([1, 10])
    predicted = predict_all(days, values, HoltStates(days, values), len(days) - 1, ahead)
    assert predicted[Method.THEIL_SEN] == pytest.approx(values[-1] + 0.5 * ahead)
    assert predicted[Method.NAIVE] == pytest.approx([values[-1]] * 2)


def test_later_scores_are_not_used() -> None:
    """The state at the tenth score is the same whether the history ends there or continues with other values."""
    values = 70 + np.random.default_rng(3).normal(0, 1, 20)
    whole, short = HoltStates(np.arange(20), values), HoltStates(np.arange(10), values[:10])
    assert whole.predict(9, np.array([5])) == pytest.approx(short.predict(9, np.array([5])))


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ([], "0 scores over 0 days"),
        (list(range(13)), "13 scores over 13 days"),
        ([0, 5, 10, 20], "4 scores over 21 days"),
    ],
)
def test_too_little_history_is_reported(days: list[int], reason: str) -> None:
    """Below 14 days or 5 points there is no forecast, and the reason states what exists and what is needed."""
    refused = forecast_score({day(number): 70.0 for number in days} | {day(400): None})
    assert isinstance(refused, TooLittleHistory)
    assert reason in refused.reason
    assert "5 scores over 14 days" in refused.reason


@pytest.mark.parametrize("days", [[0, 1, 2, 3, 13], [0, 10, 11, 12, 13], [0, 3, 6, 9, 365]])
def test_the_least_history_gives_a_direction_whatever_its_gaps(days: list[int]) -> None:
    """Five scores over fourteen days give no interval, and say how many past forecasts there are."""
    short = forecast_score({day(number): 60.0 + number / 10 for number in days}, horizon_days=7)
    assert isinstance(short, DirectionOnly)
    assert (short.direction, short.last_value_pct) == (Direction.RISING, 60 + days[-1] / 10)
    assert short.reason.startswith(f"direction only: 5 scores over {days[-1] + 1} days allow 1 past forecast, ")


def test_eight_past_forecasts_are_the_least_for_an_interval() -> None:
    """Weekly scores: twelve allow seven past forecasts and give a direction, thirteen allow eight."""
    scores = [70.0, 71.5, 70.2, 71.0, 69.8, 70.9, 71.4, 70.1, 70.6, 71.2, 70.3, 70.8, 71.1]
    weekly: dict[date, float | None] = {day(7 * number): score for number, score in enumerate(scores)}
    fewer = forecast_score(dict(list(weekly.items())[:-1]))
    assert isinstance(fewer, DirectionOnly)
    assert (fewer.origins, fewer.direction) == (7, Direction.UNCLEAR)
    assert made(weekly).backtest.origins == 8


@pytest.mark.parametrize(("slope", "direction"), [(0.5, Direction.RISING), (-0.5, Direction.FALLING)])
def test_a_direction_is_clear_where_the_slope_is(slope: float, direction: Direction) -> None:
    """Eight weekly scores on a line."""
    short = forecast_score({day(7 * n): 70 + slope * n for n in range(8)})
    assert isinstance(short, DirectionOnly)
    assert short.direction is direction


def test_days_beyond_twice_the_tested_horizon_are_extrapolated() -> None:
    """30 days of history test 9 days ahead: from the 19th day on points are extrapolated."""
    forecast = made(history_of([70.0 + n % 2 for n in range(30)]), horizon_days=30)
    assert forecast.backtest.horizon_days == 9
    assert forecast.extrapolated_from == day(29 + 19)
    assert [point.is_extrapolated for point in write_points(forecast)] == [n > 18 for n in range(1, 31)]
    assert made(history_of([70.0 + n % 2 for n in range(30)]), horizon_days=18).extrapolated_from is None


def test_a_rising_line_is_followed_and_stops_at_100() -> None:
    """One point a day from 60: reached 89 on day 29; all forecasts and intervals are within 0 to 100."""
    forecast = made(history_of([60.0 + n for n in range(30)]), horizon_days=30)
    assert forecast.method is Method.THEIL_SEN
    assert forecast.points[0].value_pct == pytest.approx(90)
    assert forecast.points[-1].high_95 == forecast.points[-1].value_pct == 100
    assert forecast.backtest.error_against_naive == pytest.approx(0, abs=1e-6)


def test_a_score_that_never_moved_stays_within_the_rule_of_three() -> None:
    """29 past forecasts without error exclude no more than 3 changes in 29 days: 3.1 findings of 0.5 points in 30 days.

    Half the 80 % interval: -ln(0.2) * 30 / 29 = 1.66 findings; the next day one finding, the smallest change.
    """
    forecast = made(history_of([88.0] * 40), unit=0.5)
    assert forecast.method is Method.NAIVE
    assert forecast.backtest.error_against_naive is None
    first, last = forecast.points[0], forecast.points[-1]
    assert (first.low_80, first.value_pct, first.high_95) == (87.5, 88.0, 88.5)
    origins = forecast.backtest.origins
    assert last.high_95 - 88 == pytest.approx(0.5 * -np.log(0.05) * 30 / origins)
    assert 88 - last.low_80 == pytest.approx(0.5 * -np.log(0.2) * 30 / origins)


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_no_interval_has_no_width_at_the_bounds(value: float) -> None:
    """A score that was always 100 can fall: the interval reaches below 100, and a target is not certain."""
    forecast = made(history_of([value] * 20), target_pct=0.05)
    assert all(p.high_80 - p.low_80 > 0.09 and p.high_95 > p.low_95 for p in forecast.points)
    assert forecast.target is not None
    assert 0 < forecast.target.probability_within_horizon <= 1


def test_a_known_step_is_in_the_forecast_from_its_day_on() -> None:
    """A waiver's end removes 4 points on the fifth day ahead."""
    step = KnownStep(day=day(44), points=-4.0, reason="waivers of 3 failing findings end")
    forecast = made(history_of([80.0] * 40), horizon_days=7, steps=[step])
    assert [p.value_pct for p in forecast.points] == [80.0] * 4 + [76.0] * 3
    assert forecast.known_steps == (step,)


def test_a_known_step_of_the_past_is_no_trend() -> None:
    """The score fell by 10 when waivers ended; with this step known, history and forecast are flat."""
    values = [80.0 + 0.1 * (n % 2) for n in range(20)] + [70.0 + 0.1 * (n % 2) for n in range(20)]
    step = KnownStep(day=day(20), points=-10.0, reason="waivers end")
    forecast = made(history_of(values), steps=[step])
    assert forecast.removed_step is None
    assert forecast.known_steps == ()
    assert all(p.low_95 >= 69 and p.high_95 <= 71 for p in forecast.points)


def test_the_end_of_waivers_is_computed_exactly() -> None:
    """70 of 80 passed is 87.5; with 10 more failing 70 of 90, with another 10 70 of 100."""
    first, second = waiver_steps(70, 10, {day(9): 10, day(4): 10, day(6): 0})
    assert (first.day, second.day) == (day(4), day(9))
    assert first.points == pytest.approx(70 / 0.9 - 87.5)
    assert second.points == pytest.approx(70 - 70 / 0.9)
    assert first.reason == "waivers of 10 failing findings end"
    (begin,) = waiver_steps(70, 30, {day(2): -20})
    assert begin.points == pytest.approx(17.5)
    assert begin.reason == "waivers of 20 failing findings begin"
    assert waiver_steps(0, 0, {day(4): 3}) == ()


def test_an_isolated_jump_is_found_where_it_is() -> None:
    """A level shift of ten times the noise at place 30; none is found in noise, and repeated jumps are kept."""
    noise = np.random.default_rng(1).normal(0, 1, 60)
    assert find_jump(70 + noise) is None
    found = find_jump(70 + noise + 10 * (np.arange(60) >= 30))
    assert found is not None
    assert found[0] == 30
    assert found[1] == pytest.approx(10, abs=1.5)
    assert find_jump(70 + noise + 10 * (np.arange(60) >= 20) + 10 * (np.arange(60) >= 40)) is None


def test_a_jump_stays_until_seven_scores_are_after_it() -> None:
    """The same jump is removed with seven scores after it, and part of the history with six."""
    values = 70 + np.random.default_rng(1).normal(0, 0.5, 40) + 10 * (np.arange(40) >= 33)
    found = find_jump(values)
    assert found is not None
    assert found[0] == 33
    assert find_jump(values[:-1]) is None


def test_a_jump_is_found_in_a_short_history() -> None:
    """Of 13 scores, too few for medians elsewhere: a step of ten times the noise is found, an outlier is not."""
    noise = np.random.default_rng(3).normal(0, 1, 13)
    found = find_jump(70 + noise + 10 * (np.arange(13) >= 5))
    assert found is not None
    assert found[0] == 5
    assert found[1] == pytest.approx(10, abs=1.5)
    assert find_jump(70 + noise + 10 * (np.arange(13) == 5)) is None
    assert find_jump(70 + noise + 2 * np.arange(13)) is None
    assert find_jump(70 + noise + 10 * (np.arange(13) >= 7)) is None


def test_a_removed_jump_is_reported() -> None:
    """The result has the day and the size of the removed jump."""
    noise = np.random.default_rng(1).normal(0, 0.5, 60)
    forecast = made(history_of((70 + noise + 10 * (np.arange(60) >= 30)).tolist()))
    assert forecast.removed_step is not None
    assert forecast.removed_step.day == day(30)
    assert forecast.last_value_pct == pytest.approx(80 + noise[-1])


def test_time_to_target_is_a_distribution() -> None:
    """Half a point a day with noise from 60, now about 80: 85 is about ten days away, and 100 not within twenty."""
    noise = np.random.default_rng(5).normal(0, 0.4, 40)
    history = history_of((60 + 0.5 * np.arange(40) + noise).tolist())
    near = made(history, horizon_days=20, target_pct=85.0).target
    assert near is not None
    assert near.days_p10 is not None
    assert near.days_p90 is not None
    assert near.days_p50 == pytest.approx(11, abs=2)
    assert near.days_p10 <= 11 <= near.days_p90
    assert near.probability_within_horizon > 0.99
    far = made(history, horizon_days=20, target_pct=100.0).target
    assert far is not None
    assert far.days_p50 is None
    assert far.probability_within_horizon < 0.05


def test_a_target_that_is_reached_needs_no_days() -> None:
    """It is reached already."""
    target = made(history_of([90.0] * 20), target_pct=85.0).target
    assert target is not None
    assert (target.days_p10, target.days_p90, target.probability_within_horizon) == (0, 0, 1.0)


@pytest.mark.parametrize(("horizon", "value", "message"), [(0, 50.0, "1 to 365"), (30, 100.1, "0 and 100")])
def test_impossible_arguments_are_refused(horizon: int, value: float, message: str) -> None:
    """The message contains the value."""
    with pytest.raises(ValueError, match=message):
        forecast_score({FIRST: value}, horizon_days=horizon)
