"""The chart of a forecast: the scores so far, the expected ones, and the intervals around them. No markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import TrendPoint
from policycortex.reports.chart_plane import PeriodMark, Plane, Tick, plane_of
from policycortex.scoring.forecasting.written import WrittenPoint

_HISTORY_SHARE: Final = 3
"""Days of the past that are shown for each day ahead, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One interval as a polygon, from the day of the last score or from where extrapolation begins."""

    level: int
    """80 or 95."""
    points: str
    is_extrapolated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastChart:
    """Polylines and polygons on the plane of days and scores."""

    width: float
    height: float
    left: float
    bottom: float
    cut_pct: float | None
    """Where the axis of scores begins, if not at 0."""
    y_ticks: tuple[Tick, ...]
    period_marks: tuple[PeriodMark, ...]
    has_months: bool
    history: tuple[str, ...]
    """Broken where a day has no score."""
    expected: str
    expected_beyond: str | None
    """The extrapolated part."""
    bands: tuple[Band, ...]
    """The wider ones first."""
    origin: Tick
    """The last score: its place across and its value."""
    beyond_x: float | None
    """Where extrapolation begins."""


def draw_forecast(trend: Sequence[TrendPoint], points: Sequence[WrittenPoint]) -> ForecastChart | None:
    """The chart of ``points``, which follow the last score of ``trend``; None without points or without a score."""
    known = [(p.date, p.compliance_score) for p in trend if p.compliance_score is not None]
    if not points or not known:
        return None
    last_day, last_score = known[-1]
    begin = trend[max(0, len(trend) - _HISTORY_SHARE * len(points))].date
    past = [p for p in trend if p.date >= begin]
    shown = [score for day, score in known if day >= begin]
    shown += [value for p in points for value in (p.low_95, p.high_95, p.compliance_score)]
    plane = plane_of(shown, begin, points[-1].date, height=220)
    start = WrittenPoint(
        date=last_day,
        compliance_score=last_score,
        low_80=last_score,
        high_80=last_score,
        low_95=last_score,
        high_95=last_score,
        is_extrapolated=False,
    )
    tested = [start, *(p for p in points if not p.is_extrapolated)]
    beyond = [tested[-1], *(p for p in points if p.is_extrapolated)]
    parts = [part for part in (tested, beyond) if len(part) > 1]
    return ForecastChart(
        width=plane.width,
        height=plane.height,
        left=plane.left,
        bottom=plane.bottom,
        cut_pct=plane.low_pct if plane.is_cut else None,
        y_ticks=plane.ticks(),
        period_marks=plane.period_marks(),
        has_months=plane.has_months,
        history=_history(past, plane),
        expected=_line(tested, plane) if len(tested) > 1 else "",
        expected_beyond=_line(beyond, plane) if len(beyond) > 1 else None,
        bands=tuple(_band(part, level, plane, is_extrapolated=part is beyond) for level in (95, 80) for part in parts),
        origin=Tick(position=plane.across(last_day), value=last_score),
        beyond_x=plane.across(beyond[0].date) if len(beyond) > 1 else None,
    )


def _history(past: Sequence[TrendPoint], plane: Plane) -> tuple[str, ...]:
    runs: list[list[str]] = [[]]
    for point in past:
        if point.compliance_score is not None:
            runs[-1].append(f"{plane.across(point.date)},{plane.height_of(point.compliance_score)}")
        elif runs[-1]:
            runs.append([])
    return tuple(" ".join(run) for run in runs if run)


def _line(points: Sequence[WrittenPoint], plane: Plane) -> str:
    return " ".join(f"{plane.across(p.date)},{plane.height_of(p.compliance_score)}" for p in points)


def _band(points: Sequence[WrittenPoint], level: int, plane: Plane, *, is_extrapolated: bool) -> Band:
    bounds = [(p.date, *((p.low_80, p.high_80) if level == 80 else (p.low_95, p.high_95))) for p in points]
    upper = [f"{plane.across(day)},{plane.height_of(high)}" for day, _, high in bounds]
    lower = [f"{plane.across(day)},{plane.height_of(low)}" for day, low, _ in reversed(bounds)]
    return Band(level=level, points=" ".join([*upper, *lower]), is_extrapolated=is_extrapolated)
