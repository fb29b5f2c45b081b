"""Forecasts a score: the method with the best backtest, with intervals; a direction without them; or a refusal.

Known steps are removed from the past and added to the future, so that no method treats a waiver's end as a trend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from policycortex.scoring.forecasting.backtest import Trials, choose_method, mean_errors, run_trials
from policycortex.scoring.forecasting.intervals import Spread, fit_spread, measure_coverage
from policycortex.scoring.forecasting.methods import HoltStates, predict_all
from policycortex.scoring.forecasting.model import (
    DEFAULT_UNIT,
    LEVELS,
    MIN_DAYS,
    MIN_ORIGINS,
    MIN_POINTS,
    Backtest,
    Days,
    Direction,
    DirectionOnly,
    Forecast,
    ForecastPoint,
    KnownStep,
    Method,
    Numbers,
    TooLittleHistory,
)
from policycortex.scoring.forecasting.steps import find_jump, future_shift, past_shift
from policycortex.scoring.forecasting.target import time_to_target

MAX_HORIZON_DAYS: Final = 365
_EXTRAPOLATED: Final = 2
"""Points further ahead than this many tested horizons are extrapolated."""


def forecast_score(
    history: Mapping[date, float | None],
    *,
    horizon_days: int = 30,
    target_pct: float | None = None,
    steps: Sequence[KnownStep] = (),
    unit: float = DEFAULT_UNIT,
) -> Forecast | DirectionOnly | TooLittleHistory:
    """Forecast the ``horizon_days`` after the last score. ``history`` in percent, any order; None is a gap.

    ``unit``: the smallest change of the score, points: 100 over the number of its findings. Raises ValueError for a
    horizon outside 1 to MAX_HORIZON_DAYS, or a score or target outside 0 to 100.
    """
    known = sorted((day, float(value)) for day, value in history.items() if value is not None)
    _check(horizon_days, [value for _, value in known] + ([] if target_pct is None else [target_pct]))
    dates = [day for day, _ in known]
    span = (dates[-1] - dates[0]).days + 1 if dates else 0
    if span < MIN_DAYS or len(dates) < MIN_POINTS:
        return TooLittleHistory(days=span, points=len(dates))
    values, jump = _without_steps(np.array([value for _, value in known]), dates, steps)
    days = np.array([(day - dates[0]).days for day in dates], dtype=np.int64)
    states = HoltStates(days, values)
    trials = run_trials(days, values, states, horizon_days)
    if trials.origins < MIN_ORIGINS:
        return DirectionOnly(
            direction=_direction(days, values),
            origin=dates[-1],
            last_value_pct=float(values[-1]),
            origins=trials.origins,
            days=span,
            points=len(dates),
            known_steps=_coming(steps, dates[-1], horizon_days),
            removed_step=jump,
        )
    fitted = _Fitted(dates=dates, days=days, values=values, states=states, trials=trials, jump=jump, unit=unit)
    return _forecast(fitted, steps, horizon_days=horizon_days, target_pct=target_pct)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """The history without known steps and jump, with its backtest."""

    dates: Sequence[date]
    days: Days
    values: Numbers
    states: HoltStates
    trials: Trials
    jump: KnownStep | None
    unit: float


def _forecast(fitted: _Fitted, steps: Sequence[KnownStep], *, horizon_days: int, target_pct: float | None) -> Forecast:
    dates, days, values, trials = fitted.dates, fitted.days, fitted.values, fitted.trials
    method = choose_method(trials)
    spread = fit_spread(trials, method, unit=fitted.unit)
    ahead = np.arange(1, horizon_days + 1, dtype=np.int64)
    coming = [dates[-1] + timedelta(days=int(day)) for day in ahead]
    expected = predict_all(days, values, fitted.states, len(values) - 1, ahead)[method]
    expected = expected + future_shift(coming, steps, dates[-1])
    last = float(values[-1])
    return Forecast(
        method=method,
        origin=dates[-1],
        last_value_pct=last,
        points=_points(coming, expected, spread, ahead, tested_days=trials.horizon_days),
        backtest=_backtest(trials, method, fitted.unit),
        known_steps=_coming(steps, dates[-1], horizon_days),
        removed_step=fitted.jump,
        target=None if target_pct is None else time_to_target(expected, ahead, spread, last=last, target=target_pct),
    )


def _direction(days: Days, values: Numbers) -> Direction:
    """Sen's slope (1968) with its 90 % interval: clear only when the interval excludes 0."""
    from scipy.stats import theilslopes  # noqa: PLC0415 - as in ``methods``

    slope = theilslopes(values, days, alpha=0.90)
    if slope.low_slope > 0:
        return Direction.RISING
    return Direction.FALLING if slope.high_slope < 0 else Direction.UNCLEAR


def _coming(steps: Sequence[KnownStep], last: date, horizon_days: int) -> tuple[KnownStep, ...]:
    end = last + timedelta(days=horizon_days)
    return tuple(step for step in sorted(steps, key=lambda step: step.day) if last < step.day <= end)


def _without_steps(
    values: Numbers, dates: Sequence[date], steps: Sequence[KnownStep]
) -> tuple[Numbers, KnownStep | None]:
    """Return the history as if every past step had existed from the start; the last score is unchanged."""
    values = np.clip(values + past_shift(dates, steps), 0, 100)
    found = find_jump(values)
    if found is None:
        return values, None
    first, points = found
    shifted = values + np.where(np.arange(len(values)) < first, points, 0.0)
    return np.clip(shifted, 0, 100), KnownStep(day=dates[first], points=points, reason="isolated jump in the past")


def _points(
    coming: Sequence[date], expected: Numbers, spread: Spread, ahead: Days, *, tested_days: int
) -> tuple[ForecastPoint, ...]:
    middle = np.clip(expected, 0, 100)
    low = {level: np.clip(middle - spread.half_width(level, ahead), 0, 100) for level in LEVELS}
    high = {level: np.clip(middle + spread.half_width(level, ahead), 0, 100) for level in LEVELS}
    columns = (middle, low[0.80], high[0.80], low[0.95], high[0.95], ahead > _EXTRAPOLATED * tested_days)
    return tuple(
        ForecastPoint(
            day=day,
            value_pct=value,
            low_80=low_80,
            high_80=high_80,
            low_95=low_95,
            high_95=high_95,
            is_extrapolated=is_extrapolated,
        )
        for day, value, low_80, high_80, low_95, high_95, is_extrapolated in zip(
            coming, *(c.tolist() for c in columns), strict=True
        )
    )


def _backtest(trials: Trials, method: Method, unit: float) -> Backtest:
    errors = mean_errors(trials)
    coverage, pairs = measure_coverage(trials, method, unit=unit)
    return Backtest(
        origins=trials.origins,
        pairs=len(trials.origin),
        horizon_days=trials.horizon_days,
        mean_error=errors,
        error_against_naive=errors[method] / errors[Method.NAIVE] if errors[Method.NAIVE] else None,
        coverage=coverage,
        coverage_pairs=pairs,
    )


def _check(horizon_days: int, percentages: Sequence[float]) -> None:
    if not 1 <= horizon_days <= MAX_HORIZON_DAYS:
        raise ValueError(f"the horizon must be 1 to {MAX_HORIZON_DAYS} days, got {horizon_days}")
    wrong = [value for value in percentages if not 0 <= value <= 100]
    if wrong:
        raise ValueError(f"a score must lie between 0 and 100, got {wrong[0]}")
