"""A small line of scores over time, as points of an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 240
HEIGHT: Final = 48
_LEAST_RANGE: Final = 4.0
"""Percentage points that the height shows at least, so that noise does not look like a cliff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """The line's parts, each a value of ``points`` of an SVG polyline; a gap starts a new part."""

    parts: tuple[str, ...]
    low: float | None
    high: float | None


def sparkline_of(scores: Sequence[float | None]) -> Sparkline:
    """The line of scores at equal distances, 0-100; None is a gap."""
    known = [score for score in scores if score is not None]
    if not known:
        return Sparkline(parts=(), low=None, high=None)
    low, high = min(known), max(known)
    middle, half = (low + high) / 2, max(high - low, _LEAST_RANGE) / 2
    step = WIDTH / max(len(scores) - 1, 1)
    parts: list[list[str]] = [[]]
    for number, score in enumerate(scores):
        if score is None:
            parts.append([])
            continue
        y = HEIGHT / 2 - (score - middle) / half * (HEIGHT / 2 - 3)
        parts[-1].append(f"{number * step:.1f},{y:.1f}")
    return Sparkline(parts=tuple(" ".join(part) for part in parts if part), low=low, high=high)
