"""When a score will first reach a target: a distribution over days, from simulated paths with forecast errors."""

from typing import Final

import numpy as np

from policycortex.scoring.forecasting.intervals import Spread
from policycortex.scoring.forecasting.model import Days, Numbers, TimeToTarget

PATHS: Final = 4000
_SEED: Final = 20240229
"""The same history gives the same paths, so that two requests get the same result."""

_NORMAL_80: Final = 1.2815515655446004


def time_to_target(expected: Numbers, ahead: Days, spread: Spread, *, last: float, target: float) -> TimeToTarget:
    """Return the first day at or above ``target`` on PATHS paths around ``expected`` (one value per day ``ahead``).

    The error of a path is a slope, a random walk of the level and the noise of each day, in the proportions of
    ``spread``, scaled so that 80 % of paths are inside the 80 % interval on every day; where that interval is widened
    to its least width, the rest of its width is noise of each day.
    """
    if last >= target:
        return _reached_already(target, len(ahead))
    paths = np.clip(expected + _errors(ahead, spread), 0, 100)
    reached = paths >= target
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, len(ahead) + 1)
    cumulative = np.array([(first <= day).mean() for day in range(1, len(ahead) + 1)])
    tenth, half, nine_tenths = (_day_by(cumulative, share) for share in (0.1, 0.5, 0.9))
    return TimeToTarget(
        target_pct=target,
        probability_within_horizon=float(cumulative[-1]),
        days_p10=tenth,
        days_p50=half,
        days_p90=nine_tenths,
        cumulative=tuple(float(share) for share in cumulative),
    )


def _errors(ahead: Days, spread: Spread) -> Numbers:
    random = np.random.default_rng(_SEED)
    scale = spread.half_widths[0.80] / _NORMAL_80
    steps = np.diff(ahead, prepend=0)
    shape = (PATHS, len(ahead))
    slopes = random.standard_normal((PATHS, 1)) * np.sqrt(spread.slope) * ahead
    levels = np.cumsum(random.standard_normal(shape) * np.sqrt(spread.drift * steps), axis=1)
    noise = random.standard_normal(shape) * np.sqrt(spread.noise)
    widened = spread.half_width(0.80, ahead) ** 2 - (spread.half_widths[0.80] * spread.at(ahead)) ** 2
    rest = random.standard_normal(shape) * np.sqrt(np.maximum(widened, 0.0)) / _NORMAL_80
    return np.asarray(scale * (slopes + levels + noise) + rest, dtype=np.float64)


def _day_by(cumulative: Numbers, share: float) -> int | None:
    days = np.nonzero(cumulative >= share)[0]
    return int(days[0]) + 1 if len(days) else None


def _reached_already(target: float, days: int) -> TimeToTarget:
    return TimeToTarget(
        target_pct=target,
        probability_within_horizon=1.0,
        days_p10=0,
        days_p50=0,
        days_p90=0,
        cumulative=(1.0,) * days,
    )
