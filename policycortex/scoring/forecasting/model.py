"""Values of a forecast: points with intervals, the selected method, and its backtest; or the direction alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeAlias

import numpy as np

Numbers: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
Days: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]
"""Days since an arbitrary start, ascending, without duplicates; days without a score are absent."""

LEVELS: Final = (0.80, 0.95)
MIN_DAYS: Final = 14
MIN_POINTS: Final = 5
MIN_ORIGINS: Final = 8
"""Past forecasts that intervals are learnt from; with fewer only a direction is given."""

DEFAULT_UNIT: Final = 0.1
"""Smallest change of a score in points where its number of findings is not known: one decimal, as documents print."""


class Method(StrEnum):
    """Forecast methods, simplest first: the order decides ties."""

    NAIVE = "naive"
    THEIL_SEN = "theil_sen"
    DAMPED_HOLT = "damped_holt"


class Direction(StrEnum):
    """Where a short history tends."""

    RISING = "rising"
    FALLING = "falling"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStep:
    """A change of the score whose day and size are known in advance: a waiver's end, a new framework version."""

    day: date
    """First day with the change."""
    points: float
    """Percentage points, negative when the score falls."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPoint:
    """One future day; all in [0, 100], ``low_95 <= low_80 <= value_pct <= high_80 <= high_95``."""

    day: date
    value_pct: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    is_extrapolated: bool
    """Further ahead than twice the horizon that the history can test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Forecasts from past days, made with earlier data only, compared with the outcomes."""

    origins: int
    """Number of past days from which forecasts were made."""
    pairs: int
    """Number of pairs of forecast and outcome, over all origins and horizons."""
    horizon_days: int
    """Longest horizon that the history can test."""
    mean_error: Mapping[Method, float]
    """Mean absolute error of every method, percentage points."""
    error_against_naive: float | None
    """Mean error of the selected method divided by that of naive; None when naive made no error."""
    coverage: Mapping[float, float] | None
    """Level -> share of outcomes inside their intervals; None with fewer than COVERAGE_PAIRS pairs."""
    coverage_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToTarget:
    """When the score first reaches ``target_pct``, as a distribution over days from the last score."""

    target_pct: float
    probability_within_horizon: float
    days_p10: int | None
    """Day by which one path in ten has reached it; None if beyond the horizon, 0 if it is reached already."""
    days_p50: int | None
    days_p90: int | None
    cumulative: tuple[float, ...]
    """Probability of having reached it by day 1, 2, ... of the horizon; never falls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A forecast with the data needed to judge its quality."""

    method: Method
    origin: date
    """Day of the last score."""
    last_value_pct: float
    points: tuple[ForecastPoint, ...]
    backtest: Backtest
    known_steps: tuple[KnownStep, ...]
    """Those within the horizon; they are included in the points."""
    removed_step: KnownStep | None
    """One isolated past jump that was removed from the history before fitting; None without one."""
    target: TimeToTarget | None

    @property
    def extrapolated_from(self) -> date | None:
        """First day that is extrapolated; None when no point is."""
        return next((point.day for point in self.points if point.is_extrapolated), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionOnly:
    """The result with fewer than MIN_ORIGINS past forecasts: too few to learn an interval from."""

    direction: Direction
    """Whether the 90 % interval of Sen's slope excludes 0."""
    origin: date
    """Day of the last score."""
    last_value_pct: float
    origins: int
    """Past forecasts that the history allows."""
    days: int
    points: int
    known_steps: tuple[KnownStep, ...]
    """Those within the horizon; the direction does not include them."""
    removed_step: KnownStep | None

    @property
    def reason(self) -> str:
        """The reason as a sentence."""
        return (
            f"direction only: {self.points} scores over {self.days} days allow {self.origins} past "
            f"forecast{'' if self.origins == 1 else 's'}, an interval needs {MIN_ORIGINS}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLittleHistory:
    """The result with fewer than MIN_DAYS days or MIN_POINTS scores: no forecast, and the reason."""

    days: int
    """From the first to the last score, both included; 0 without any."""
    points: int

    @property
    def reason(self) -> str:
        """The reason as a sentence."""
        return (
            f"too little history for a forecast: {self.points} scores over {self.days} days, "
            f"needed are {MIN_POINTS} scores over {MIN_DAYS} days"
        )
