"""The width of prediction intervals, from the errors of the backtest. No distribution is assumed for them.

The spread grows with the horizon h as s(h)^2 = noise + drift*h + slope*h^2, each part 0 or more: noise of a single
score, random walk of the level, uncertainty of the slope. The parts are fitted (non-negative least squares, Lawson and
Hanson 1974) to the squared 70 % quantile of absolute errors per horizon, which one outlier does not change. Errors
divided by s(h) are pooled over horizons; their empirical quantile at a level, times s(h), is half the interval's width
(split conformal prediction, Vovk et al. 2005, on normalised residuals). Trials overlap, so that the effective number is
smaller: the width is multiplied by t over normal quantiles, with 6 degrees of freedom per whole horizon of the
backtest. The 70 % and the 6 were chosen on simulated series; ``docs/analytics.md`` has the coverage that they reach.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policycortex.scoring.forecasting.backtest import Trials
from policycortex.scoring.forecasting.model import LEVELS, Days, Method, Numbers

COVERAGE_PAIRS: Final = 30
"""Minimum number of outcomes; with fewer a measured coverage means nothing."""

_CORE: Final = 0.7
_FREEDOM_PER_HORIZON: Final = 6.0
_NOISE_FLOOR: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Growth of the error, and half widths in units of it."""

    noise: float
    drift: float
    slope: float
    half_widths: dict[float, float]
    """Level -> half the interval's width over s(h)."""

    def at(self, ahead: Days) -> Numbers:
        """Return s(h)."""
        return np.asarray(np.sqrt(self.noise + self.drift * ahead + self.slope * ahead**2), dtype=np.float64)


def fit_spread(trials: Trials, method: Method, known: np.typing.NDArray[np.bool_] | None = None) -> Spread:
    """Fit the spread of ``method`` to all trials, or to those that ``known`` selects."""
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - as in ``methods``

    chosen = np.ones(len(trials.ahead), dtype=bool) if known is None else known
    ahead, sizes = trials.ahead[chosen], np.abs(trials.errors[method][chosen])
    noise, drift, slope = _growth(ahead, sizes)
    scaled = sizes / np.maximum(np.sqrt(noise + drift * ahead + slope * ahead**2), 1e-9)
    span = int(trials.target_on[chosen].max() - trials.made_on[chosen].min())
    freedom = max(2.0, _FREEDOM_PER_HORIZON * span / trials.horizon_days)
    widths = {}
    for level in LEVELS:
        tail = (1 + level) / 2
        widths[level] = float(_quantile(scaled, level) * stdtrit(freedom, tail) / ndtri(tail))
    return Spread(noise=noise, drift=drift, slope=slope, half_widths=widths)


def measure_coverage(trials: Trials, method: Method) -> tuple[dict[float, float] | None, int]:
    """Return the share of outcomes inside their intervals, and the number of outcomes.

    The intervals use only outcomes that were known on the day of the forecast.
    Origins of the later half are tested. None with fewer than COVERAGE_PAIRS outcomes.
    """
    origins = np.unique(trials.origin)
    inside: dict[float, list[bool]] = {level: [] for level in LEVELS}
    for origin in origins[len(origins) // 2 :]:
        tested = trials.origin == origin
        known = trials.target_on <= trials.made_on[tested][0]
        if known.sum() < len(LEVELS) * 5:
            continue
        spread = fit_spread(trials, method, known)
        scale, sizes = spread.at(trials.ahead[tested]), np.abs(trials.errors[method][tested])
        for level in LEVELS:
            inside[level].extend((sizes <= spread.half_widths[level] * scale + 1e-9).tolist())
    pairs = len(inside[LEVELS[0]])
    return ({level: float(np.mean(hits)) for level, hits in inside.items()} if pairs >= COVERAGE_PAIRS else None), pairs


def _growth(ahead: Days, sizes: Numbers) -> tuple[float, float, float]:
    from scipy.optimize import nnls  # noqa: PLC0415 - as in ``methods``

    horizons, place = np.unique(ahead, return_inverse=True)
    counts = np.bincount(place)
    typical = np.array([_quantile(sizes[place == n], _CORE) for n in range(len(horizons))]) ** 2
    if not typical.max() > 0:
        # A score that almost never changed: its rare errors, if any, are the spread at every horizon.
        return float(sizes.max()) ** 2, 0.0, 0.0
    # Relative errors are weighted, so that long horizons with a large spread do not dominate.
    weights = np.sqrt(counts) / np.maximum(typical, typical.max() * _NOISE_FLOOR)
    design = np.stack([np.ones(len(horizons)), horizons, horizons**2], axis=1) * weights[:, None]
    noise, drift, slope = nnls(design, typical * weights)[0]
    return float(noise), float(drift), float(slope)


def _quantile(sizes: Numbers, level: float) -> float:
    """Return the smallest size that at least a share ``level`` of them does not exceed."""
    return float(np.quantile(sizes, level, method="inverted_cdf"))
