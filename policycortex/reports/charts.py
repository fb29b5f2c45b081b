"""Geometry of the charts: numbers of the document to coordinates. No colour and no markup; templates draw it.

All lengths are in the units of the chart's own view box.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from policycortex.documents.model import ReportDocument, RequirementRow, TrendPoint
from policycortex.names import RequirementResult
from policycortex.reports.chart_plane import PeriodMark, Tick, plane_of

BAR_WIDTH: Final = 600.0
"""Of a bar across the page."""
SECTION_BAR_WIDTH: Final = 160.0
"""Of a bar in a table."""
_GAUGE_START_DEGREES: Final = 135.0
_GAUGE_SWEEP_DEGREES: Final = 270.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """An arc of 270 degrees in a box of 200 x 180; ``value_path`` is None where there is no score or it is 0."""

    track_path: str
    value_path: str | None
    tone: str = ""
    """Class of the value's colour, such as a risk band; "" is the accent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a stacked bar."""

    name: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One day of the trend."""

    x: float
    y: float
    date: date
    score: float
    is_scanned: bool
    """Whether a scan of the day counts; else it only carries what was last known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendChart:
    """Score over days. ``lines`` are polylines, broken where a day has no score; None of it when fewer than two.

    ``scan_dots`` are the days with a scan, drawn where some days only carry what was last known.
    """

    width: float
    height: float
    left: float
    bottom: float
    lines: tuple[str, ...]
    cut_pct: float | None
    """Where the axis begins, if not at 0; then no area is filled down to it."""
    areas: tuple[str, ...]
    marks: tuple[Mark, ...]
    scan_dots: tuple[Mark, ...]
    y_ticks: tuple[Tick, ...]
    period_marks: tuple[PeriodMark, ...]
    """Where weeks begin, or months where there are more than two, in order; the first and the last day besides."""
    has_months: bool
    """Whether the marks are months."""
    before: Tick | None
    """The score of the period before, to be read against."""
    is_before_named_at_end: bool
    """Whether its words stand at the last day, where the line is farther from it than on the first day."""
    falls: bool
    """Whether the line falls on its last day; its value is then written below the line."""
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One requirement of the matrix on the cover."""

    x: float
    y: float
    result: RequirementResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All requirements as a field of equal squares, row by row."""

    width: float
    height: float
    side: float
    cells: tuple[Cell, ...]


_RESULT_ORDER: Final = (
    RequirementResult.NON_COMPLIANT,
    RequirementResult.COMPLIANT,
    RequirementResult.SUPPORTING_EVIDENCE,
    RequirementResult.MANUAL,
    RequirementResult.NOT_ASSESSED,
    RequirementResult.NOT_APPLICABLE,
)


_RARE_RESULTS: Final = (RequirementResult.SUPPORTING_EVIDENCE.value, RequirementResult.NOT_APPLICABLE.value)


def shown_results(counts: Mapping[str, int]) -> dict[str, int]:
    """Requirements by result in the order of charts; supporting evidence and not applicable only where they occur."""
    shown = {result.value: counts.get(result.value, 0) for result in _RESULT_ORDER}
    return {name: count for name, count in shown.items() if count or name not in _RARE_RESULTS}


def draw_gauge(value_pct: float | None, tone: str = "") -> Gauge:
    """The arc for a percentage."""
    share = (value_pct or 0.0) / 100
    return Gauge(track_path=_arc(1.0), value_path=_arc(share) if share > 0 else None, tone=tone)


def draw_risk_gauge(document: ReportDocument) -> Gauge:
    """The arc of the risk score, in the colour of its band."""
    summary = document.summary
    band = summary.risk.total.band if summary.risk else None
    return draw_gauge(summary.risk_score, band.value if band else "")


def stack_bar(counts: Mapping[str, int], width: float) -> tuple[Segment, ...]:
    """Segments in the order given that fill ``width``; empty ones are left out, tiny ones stay visible."""
    present = {name: count for name, count in counts.items() if count}
    floor = min(2.0, width / max(len(present), 1))
    free, total = width - floor * len(present), sum(present.values())
    segments, x = [], 0.0
    for name, count in present.items():
        length = floor + free * count / total
        segments.append(Segment(name=name, count=count, x=round(x, 2), width=round(length, 2)))
        x += length
    return tuple(segments)


def draw_trend_of(document: ReportDocument, *, height: float = 260) -> TrendChart | None:
    """The document's trend, with the score of the period before."""
    before = document.previous.compliance_score if document.previous else None
    return draw_trend(document.trend, before, height=height)


def draw_trend(
    points: Sequence[TrendPoint], before: float | None = None, width: float = 640, height: float = 260
) -> TrendChart | None:
    """The line of daily scores on an axis cut to their span; None with fewer than two scored days."""
    scores = [p.compliance_score for p in points if p.compliance_score is not None]
    if len(scores) < 2:
        return None
    shown = scores if before is None else [*scores, before]
    plane = plane_of(shown, points[0].date, points[-1].date, width, height)

    def place(point: TrendPoint, score: float) -> Mark:
        x, y = plane.across(point.date), plane.height_of(score)
        return Mark(x=x, y=y, date=point.date, score=score, is_scanned=point.is_scanned)

    runs = _runs(points, place)
    marks = tuple(mark for run in runs for mark in run)
    return TrendChart(
        width=width,
        height=height,
        left=plane.left,
        bottom=plane.bottom,
        cut_pct=plane.low_pct if plane.is_cut else None,
        lines=tuple(" ".join(f"{m.x},{m.y}" for m in run) for run in runs),
        areas=() if plane.is_cut else tuple(_area(run, plane.bottom) for run in runs if len(run) > 1),
        marks=marks,
        scan_dots=() if all(mark.is_scanned for mark in marks) else tuple(m for m in marks if m.is_scanned),
        y_ticks=plane.ticks(),
        period_marks=plane.period_marks(),
        has_months=plane.has_months,
        before=None if before is None else Tick(position=plane.height_of(before), value=before),
        is_before_named_at_end=before is not None and abs(scores[-1] - before) > abs(scores[0] - before),
        falls=marks[-1].y > marks[-2].y,
        low=min(scores),
        high=max(scores),
    )


def draw_matrix(requirements: Sequence[RequirementRow], width: float = 560, height: float = 180) -> Matrix:
    """Squares as large as the field allows; at most 26 units, so that a few requirements do not dominate the cover."""
    count = max(len(requirements), 1)
    side = min(26.0, _largest_side(count, width, height))
    columns = max(1, int(width // side))
    cells = tuple(
        Cell(x=round(n % columns * side, 2), y=round(n // columns * side, 2), result=row.result)
        for n, row in enumerate(requirements)
    )
    rows = math.ceil(count / columns)
    return Matrix(width=width, height=round(rows * side, 2), side=round(side * 0.8, 2), cells=cells)


def _arc(share: float) -> str:
    radius, centre_x, centre_y = 84.0, 100.0, 100.0
    sweep = _GAUGE_SWEEP_DEGREES * share
    start, end = math.radians(_GAUGE_START_DEGREES), math.radians(_GAUGE_START_DEGREES + sweep)
    x1, y1 = centre_x + radius * math.cos(start), centre_y + radius * math.sin(start)
    x2, y2 = centre_x + radius * math.cos(end), centre_y + radius * math.sin(end)
    return f"M{x1:.2f} {y1:.2f} A{radius:g} {radius:g} 0 {int(sweep > 180)} 1 {x2:.2f} {y2:.2f}"


def _runs(points: Sequence[TrendPoint], place: Callable[[TrendPoint, float], Mark]) -> list[list[Mark]]:
    runs: list[list[Mark]] = [[]]
    for point in points:
        if point.compliance_score is not None:
            runs[-1].append(place(point, point.compliance_score))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _area(run: Sequence[Mark], bottom: float) -> str:
    line = " ".join(f"{m.x},{m.y}" for m in run)
    return f"{run[0].x},{bottom} {line} {run[-1].x},{bottom}"


def _largest_side(count: int, width: float, height: float) -> float:
    side = math.sqrt(width * height / count)
    while (width // side) * (height // side) < count:
        side *= 0.98
    return side
