"""The width of prediction intervals, from the errors of the backtest. No distribution is assumed for them.

The spread grows with the horizon h as s(h)^2 = noise + drift*h + slope*h^2, each part 0 or more: noise of a single
score, random walk of the level, uncertainty of the slope. The parts are fitted (non-negative least squares, Lawson and
Hanson 1974) to the squared 70 % quantile of absolute errors per horizon, which one outlier does not change. Errors
divided by s(h) are pooled over horizons; their empirical quantile at a level, times s(h), is half the interval's width
(split conformal prediction, Vovk et al. 2005, on normalised residuals); the 95 % quantile has the finite-sample level
0.95 * (1 + 1/2n) with n past forecasts. Trials overlap, so that the effective number is
smaller: the width is multiplied by t over normal quantiles, with 2 degrees of freedom per whole horizon of the
backtest. The 70 %, the 1/2 and the 2 were chosen on simulated series; ``docs/analytics.md`` has the coverage that they
reach.

No width is zero. Of n past forecasts without any error, the rate of changes per forecast is at most -ln(1 - level)/n at
that level (3/n for 95 %: the rule of three, Hanley and Lippman-Hand 1983). Half a width is at least one smallest change
of the score, or as many as that rate gives up to the horizon.
"""

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np

from policycortex.scoring.forecasting.backtest import Trials
from policycortex.scoring.forecasting.model import DEFAULT_UNIT, LEVELS, Days, Method, Numbers

COVERAGE_PAIRS: Final = 30
"""Minimum number of outcomes; with fewer a measured coverage means nothing."""

_CORE: Final = 0.7
_FREEDOM_PER_HORIZON: Final = 2.0
_FINITE_SAMPLE: Final = {0.80: 0.0, 0.95: 0.5}
_NOISE_FLOOR: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Growth of the error, and half widths in units of it."""

    noise: float
    drift: float
    slope: float
    half_widths: dict[float, float]
    """Level -> half the interval's width over s(h)."""
    unit: float
    """Smallest change of the score in points."""
    unseen_rate: dict[float, float]
    """Level -> changes per day that past forecasts without error do not exclude."""

    def at(self, ahead: Days) -> Numbers:
        """Return s(h)."""
        return np.asarray(np.sqrt(self.noise + self.drift * ahead + self.slope * ahead**2), dtype=np.float64)

    def half_width(self, level: float, ahead: Days) -> Numbers:
        """Return half the interval's width in points; never 0."""
        return np.maximum(self.half_widths[level] * self.at(ahead), self.least(level, ahead))

    def least(self, level: float, ahead: Days) -> Numbers:
        """Return the half width below which no interval is narrowed."""
        return np.asarray(self.unit * np.maximum(1.0, self.unseen_rate[level] * ahead), dtype=np.float64)


def fit_spread(
    trials: Trials, method: Method, known: np.typing.NDArray[np.bool_] | None = None, *, unit: float = DEFAULT_UNIT
) -> Spread:
    """Fit the spread of ``method`` to all trials, or to those that ``known`` selects."""
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - as in ``methods``

    chosen = np.ones(len(trials.ahead), dtype=bool) if known is None else known
    ahead, sizes = trials.ahead[chosen], np.abs(trials.errors[method][chosen])
    noise, drift, slope = _growth(ahead, sizes)
    scaled = sizes / np.maximum(np.sqrt(noise + drift * ahead + slope * ahead**2), 1e-9)
    span = int(trials.target_on[chosen].max() - trials.made_on[chosen].min())
    freedom = max(2.0, _FREEDOM_PER_HORIZON * span / trials.horizon_days)
    made_on = np.unique(trials.made_on[chosen])
    gap = float(np.median(np.diff(made_on))) if len(made_on) > 1 else 1.0
    widths = {}
    for level in LEVELS:
        tail, finite = (1 + level) / 2, level * (1 + _FINITE_SAMPLE[level] / len(made_on))
        widths[level] = float(_quantile(scaled, min(1.0, finite)) * stdtrit(freedom, tail) / ndtri(tail))
    return Spread(
        noise=noise,
        drift=drift,
        slope=slope,
        half_widths=widths,
        unit=unit,
        unseen_rate={level: -log(1 - level) / (len(made_on) * gap) for level in LEVELS},
    )


def measure_coverage(
    trials: Trials, method: Method, *, unit: float = DEFAULT_UNIT
) -> tuple[dict[float, float] | None, int]:
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
        spread = fit_spread(trials, method, known, unit=unit)
        ahead, sizes = trials.ahead[tested], np.abs(trials.errors[method][tested])
        for level in LEVELS:
            inside[level].extend((sizes <= spread.half_width(level, ahead) + 1e-9).tolist())
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
