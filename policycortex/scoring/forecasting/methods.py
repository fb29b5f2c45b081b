"""Three methods to forecast a score from its past: last value, Theil-Sen line, damped Holt. Gaps are allowed.

SciPy is imported when a line is fitted: it costs 2 CPU seconds and 80 MB, which other requests do not need.
"""

from typing import Final

import numpy as np

from policycortex.scoring.forecasting.model import Days, Method, Numbers

LINE_POINTS: Final = 30
"""Number of latest scores to which a line is fitted: older slopes do not predict the next month."""

_GRID: Final = tuple(
    (level, trend, damping)
    for level in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0)
    for trend in (0.0, 0.05, 0.15, 0.3)
    for damping in (0.8, 0.9, 0.97)
)
"""Smoothing of level and trend, damping. A grid, not an optimiser: one pass gives the best triple at each origin."""

_LEAST_SCORES: Final = 3
"""With fewer scores the triple that equals the naive forecast is used."""


class HoltStates:
    """Damped Holt's state after every score, with the triple that has the smallest squared errors up to it.

    Error-correction form of Gardner and McKenzie (1985): with e = y - (level + phi*trend), level rises by alpha*e and
    the damped trend by alpha*beta*e. After a gap of g days alpha becomes 1-(1-alpha)^g, and the trend's correction is
    spread over the gap (Wright 1986). The state at i uses nothing after i, so that a selection at every origin costs
    one pass over the history.
    """

    def __init__(self, days: Days, values: Numbers) -> None:
        self._damping = np.array([phi for _, _, phi in _GRID])
        gaps = np.diff(days, prepend=days[0] - 1)
        count = len(values)
        self.level, self.trend, self.phi = (np.empty(count) for _ in range(3))
        self._run(gaps, values)

    def _run(self, gaps: Days, values: Numbers) -> None:
        alpha, beta = np.array([a for a, _, _ in _GRID]), np.array([b for _, b, _ in _GRID])
        level, trend = np.full(len(_GRID), np.median(values[:5])), np.zeros(len(_GRID))
        squared = np.zeros(len(_GRID))
        for i, (gap, value) in enumerate(zip(gaps, values, strict=True)):
            expected = level + trend * damped_sum(self._damping, gap)
            error = value - expected
            squared += error**2 / gap if i else 0
            gain = 1 - (1 - alpha) ** gap
            level = expected + gain * error
            trend = self._damping**gap * trend + gain * beta * error / gap
            best = int(np.argmin(squared)) if i >= _LEAST_SCORES else len(_GRID) - 1
            self.level[i], self.trend[i], self.phi[i] = level[best], trend[best], self._damping[best]

    def predict(self, index: int, ahead: Days) -> Numbers:
        """Return the scores ``ahead`` days after the score at ``index``."""
        damped = damped_sum(self.phi[index], ahead)
        return np.asarray(self.level[index] + self.trend[index] * damped, dtype=np.float64)


def damped_sum(phi: Numbers | float, days: Days | int) -> Numbers:
    """Return ``phi + phi**2 + ... + phi**days``, the effect of a damped trend; phi is below 1."""
    return np.asarray(phi * (1 - phi**days) / (1 - phi), dtype=np.float64)


def predict_all(days: Days, values: Numbers, states: HoltStates, index: int, ahead: Days) -> dict[Method, Numbers]:
    """Return every method's scores ``ahead`` days after ``index``, using earlier data only; within [0, 100]."""
    known = slice(max(0, index + 1 - LINE_POINTS), index + 1)
    raw = {
        Method.NAIVE: np.full(len(ahead), values[index]),
        Method.THEIL_SEN: _line(days[known] - days[index], values[known], ahead),
        Method.DAMPED_HOLT: states.predict(index, ahead),
    }
    return {method: np.clip(predicted, 0, 100) for method, predicted in raw.items()}


def _line(days: Days, values: Numbers, ahead: Days) -> Numbers:
    """Theil (1950) and Sen (1968): the median of all pairs' slopes, through the median of the residuals."""
    from scipy.stats import theilslopes  # noqa: PLC0415 - see the module's docstring

    slope = float(theilslopes(values, days).slope)
    return np.asarray(np.median(values - slope * days) + slope * ahead, dtype=np.float64)
