"""Changes of a score that are not a trend: steps known in advance, and one isolated jump found in the past."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Final

import numpy as np

from policycortex.scoring.forecasting.model import KnownStep, Numbers

_WINDOW: Final = 7
"""Scores on each side of a suspected jump."""

_LEAST_BEFORE: Final = 3
_LEAST_AFTER: Final = 7
"""Scores after a jump before it is removed: until then a jump and a lasting trend look alike."""

_LEAST_ELSEWHERE: Final = 5
"""Sizes at other places; with fewer their deviation means nothing."""

_SHARPNESS: Final = 5.0
_ISOLATION: Final = 2.0
_LASTING: Final = 0.5
"""Share of a difference that must remain: a single outlier goes back."""


def waiver_steps(passed: int, failed: int, turns: Mapping[date, int]) -> tuple[KnownStep, ...]:
    """Return the effect of waivers' ends and beginnings on ``findings_pass_rate``.

    ``turns``: day -> failing findings that count again from that day (waivers that end), minus those that no longer
    count (waivers that begin). ``passed`` and ``failed`` are today's counts. All else is constant: each step is exact.
    """
    days = sorted(day for day, findings in turns.items() if findings)
    sizes = list(accumulate((turns[day] for day in days), initial=passed + failed))
    if min(sizes) <= 0:
        return ()
    scores = [100 * passed / size for size in sizes]
    return tuple(
        KnownStep(day=day, points=after - before, reason=_reason(turns[day]))
        for day, before, after in zip(days, scores[:-1], scores[1:], strict=True)
    )


def _reason(findings: int) -> str:
    many = "s" if abs(findings) > 1 else ""
    return f"waivers of {abs(findings)} failing finding{many} {'end' if findings > 0 else 'begin'}"


def past_shift(days: Sequence[date], steps: Sequence[KnownStep]) -> Numbers:
    """Return what to add to each past score so that it includes all steps up to the last day."""
    last = days[-1]
    return np.array([sum(s.points for s in steps if day < s.day <= last) for day in days], dtype=np.float64)


def future_shift(days: Sequence[date], steps: Sequence[KnownStep], last: date) -> Numbers:
    """Return the points that steps after ``last`` have added by each of ``days``."""
    return np.array([sum(s.points for s in steps if last < s.day <= day) for day in days], dtype=np.float64)


def find_jump(values: Numbers) -> tuple[int, float] | None:
    """Return the index of the first score after the one isolated past jump, and its size in points; None without one.

    The size is the difference between the medians of up to 7 scores after and before it. A jump is isolated if its size
    is more than 5 robust standard deviations (1.4826 MAD) of the sizes elsewhere and twice the largest of them; or, in
    histories too short for that, if the same holds for its difference from one score to the next, and most of that
    difference lasts. Repeated jumps are part of the series and stay, and so does one with fewer than 7 scores after it.
    """
    found = _by_medians(values)
    if found is None:
        found = _by_differences(values)
    return None if found is None else (found, _height(values, found))


def _by_medians(values: Numbers) -> int | None:
    places = np.arange(_LEAST_BEFORE, len(values) - _LEAST_BEFORE + 1)
    if len(places) < _WINDOW:
        return None
    heights = np.array([_height(values, int(place)) for place in places])
    peak = int(np.argmax(np.abs(heights)))
    # Medians less than a window apart share scores: they rise with the jump and do not count as elsewhere.
    elsewhere = heights[np.abs(places - places[peak]) >= _WINDOW]
    if len(elsewhere) < _LEAST_ELSEWHERE or not _is_isolated(abs(heights[peak]), elsewhere):
        return None
    first = _sharpest(values, int(places[peak]), float(np.sign(heights[peak])))
    return first if len(values) - first >= _LEAST_AFTER else None


def _by_differences(values: Numbers) -> int | None:
    """Differences share at most one score, so that nearly all others count as elsewhere, also in 13 scores."""
    differences = np.diff(values)
    if len(differences) <= _LEAST_ELSEWHERE:
        return None
    peak = int(np.argmax(np.abs(differences)))
    first, size = peak + 1, float(differences[peak])
    if first < _LEAST_BEFORE or len(values) - first < _LEAST_AFTER:
        return None
    if not _is_isolated(abs(size), np.delete(differences, peak)):
        return None
    return first if _height(values, first) * np.sign(size) >= _LASTING * abs(size) else None


def _height(values: Numbers, place: int) -> float:
    return float(np.median(values[place : place + _WINDOW]) - np.median(values[max(0, place - _WINDOW) : place]))


def _is_isolated(height: float, elsewhere: Numbers) -> bool:
    deviation = 1.4826 * float(np.median(np.abs(elsewhere - np.median(elsewhere))))
    return deviation > 0 and height >= _SHARPNESS * deviation and height >= _ISOLATION * float(np.abs(elsewhere).max())


def _sharpest(values: Numbers, place: int, sign: float) -> int:
    """Return the place near the peak with the largest change from one value to the next."""
    low, high = max(1, place - _WINDOW), min(len(values) - 1, place + _WINDOW)
    return low + int(np.argmax(sign * np.diff(values)[low - 1 : high]))
