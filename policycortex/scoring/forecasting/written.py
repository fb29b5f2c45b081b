"""Forecast points as they are shown: the same rounded numbers in the API and in reports."""

from dataclasses import dataclass
from datetime import date

from policycortex.scoring.forecasting.model import Forecast
from policycortex.scoring.rounding import known_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPoint:
    """One future day with its intervals, rounded; percentages, 0-100."""

    date: date
    compliance_score: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    is_extrapolated: bool


def write_points(forecast: Forecast) -> tuple[WrittenPoint, ...]:
    """Round the points of ``forecast`` to two places; by day, ascending."""
    return tuple(
        WrittenPoint(
            date=point.day,
            compliance_score=known_pct(point.value_pct),
            low_80=known_pct(point.low_80),
            high_80=known_pct(point.high_80),
            low_95=known_pct(point.low_95),
            high_95=known_pct(point.high_95),
            is_extrapolated=point.is_extrapolated,
        )
        for point in forecast.points
    )
