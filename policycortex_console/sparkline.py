"""A small line of scores over time, as points of an SVG."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 240
HEIGHT: Final = 48
_LEAST_RANGE: Final = 4.0
"""Percentage points that the height shows at least, so that noise does not look like a cliff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A line, as the value of ``points`` of an SVG polyline; "" without two days."""

    points: str
    low: float | None
    high: float | None


def sparkline_of(scores: Mapping[date, float], first: date, last: date) -> Sparkline:
    """The line from one scored day to the next; the width is the days from ``first`` to ``last``. Scores are 0-100."""
    if not scores:
        return Sparkline(points="", low=None, high=None)
    low, high = min(scores.values()), max(scores.values())
    middle, half = (low + high) / 2, max(high - low, _LEAST_RANGE) / 2
    width = max((last - first).days, 1)
    points = [
        f"{(day - first).days / width * WIDTH:.1f},{HEIGHT / 2 - (score - middle) / half * (HEIGHT / 2 - 3):.1f}"
        for day, score in sorted(scores.items())
    ]
    return Sparkline(points=" ".join(points) if len(points) > 1 else "", low=low, high=high)
