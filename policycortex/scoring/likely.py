"""Which compliant requirements are likely to fail within the next days: calibrated probabilities, or no list.

History is divided into windows of equal length. A requirement that is compliant at a window's start is one trial; it
failed if any scan within the window found it non-compliant. Its probability is the share of its windows that failed,
shrunk towards the share of all (beta-binomial shrinkage): (failed + m * base) / (windows + m), with the m that was best
up to then. Each window is forecast from earlier windows only. These forecasts decide whether there is a list: they
must be better than the base rate (Brier 1950) by more than chance gives, and calibrated (Spiegelhalter 1986). Chance: a
one-sided t test of the gain per window (Diebold and Mariano 1995), because the outcomes of a window depend on each
other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import log, sqrt
from statistics import mean, stdev
from typing import Final

import polars as pl

from policycortex.names import RequirementResult

RESULT_HISTORY_SCHEMA: Final = pl.Schema({"date": pl.Date, "requirement_id": pl.String, "result": pl.String})
"""Grain: requirement and scanned day, with that day's result."""

MIN_TESTED_WINDOWS: Final = 4
MIN_EACH: Final = 10
"""Required failures, and non-failures, among tested forecasts; with fewer a Brier score means nothing."""

Z_LIMIT: Final = 1.96
GAIN_LEVEL: Final = 0.20
"""Level of the test of the gain. Without skill a requirement's own share loses against the base rate, so that a test at
20 % gives a list in fewer than 5 % of histories without skill; ``docs/analytics.md`` has the measured share.
"""

_STRENGTHS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_BINS: Final = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """Tested forecasts of similar probability: forecast and outcome."""

    forecasts: int
    mean_probability: float
    failed_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyFailure:
    """One requirement that is compliant now."""

    requirement_id: str
    probability: float
    windows: int
    """Past windows in which it was compliant at the start."""
    failed_windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyFailures:
    """The list, with the results of its test."""

    window_days: int
    items: tuple[LikelyFailure, ...]
    """Every requirement compliant now, most likely first."""
    brier: float
    brier_of_base_rate: float
    forecasts: int
    failures: int
    spiegelhalter_z: float
    calibration: tuple[CalibrationBin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLikelyFailures:
    """Why there is no list."""

    window_days: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """A forecast of a past window: probability, base rate at that time, and outcome."""

    window: int
    probability: float
    base_rate: float
    failed: bool


def rank_likely_failures(results: pl.DataFrame, *, window_days: int = 14) -> LikelyFailures | NoLikelyFailures:
    """Rank the requirements of ``results`` (RESULT_HISTORY_SCHEMA). Raises ValueError for a window below one day."""
    if window_days < 1:
        raise ValueError(f"a window has at least one day, got {window_days}")
    decided = (RequirementResult.COMPLIANT.value, RequirementResult.NON_COMPLIANT.value)
    history = results.filter(pl.col("result").is_in(decided)).sort("date")
    windows, now = _windows(history, window_days)
    tested, strength = _test(windows)
    reason = _refusal(windows, tested, window_days)
    if reason:
        return NoLikelyFailures(window_days=window_days, reason=reason)
    return LikelyFailures(
        window_days=window_days,
        items=_ranked(now, windows, strength),
        brier=_brier((t.probability, t.failed) for t in tested),
        brier_of_base_rate=_brier((t.base_rate, t.failed) for t in tested),
        forecasts=len(tested),
        failures=sum(t.failed for t in tested),
        spiegelhalter_z=_spiegelhalter(tested),
        calibration=tuple(_calibration(tested)),
    )


def _windows(history: pl.DataFrame, days: int) -> tuple[list[Mapping[str, bool]], frozenset[str]]:
    """Return the trials of each window, oldest first (requirement -> failed), and what is compliant at the end.

    Windows are counted back from the last scan, so that none extends into the future.
    """
    if history.is_empty():
        return [], frozenset()
    first, last = history["date"][0], history["date"][-1]
    count = (last - first).days // days
    starts = [last - timedelta(days=days * n) for n in range(count, 0, -1)]
    return [_window(history, start, days) for start in starts], _compliant(history, last)


def _window(history: pl.DataFrame, start: date, days: int) -> Mapping[str, bool]:
    inside = history.filter((pl.col("date") > start) & (pl.col("date") <= start + timedelta(days=days)))
    failed = pl.col("result") == RequirementResult.NON_COMPLIANT.value
    outcomes = dict(inside.group_by("requirement_id").agg(failed.any()).iter_rows())
    return {id_: outcomes[id_] for id_ in sorted(_compliant(history, start) & outcomes.keys())}


def _compliant(history: pl.DataFrame, on: date) -> frozenset[str]:
    """Return requirements whose latest result up to and including ``on`` is compliant."""
    latest = history.filter(pl.col("date") <= on).group_by("requirement_id", maintain_order=True).last()
    return frozenset(latest.filter(pl.col("result") == RequirementResult.COMPLIANT.value)["requirement_id"].to_list())


def _test(windows: Sequence[Mapping[str, bool]]) -> tuple[list[_Tested], float]:
    """Forecast every window except the first from earlier ones; also return the shrinkage that was best over all."""
    seen, failed, losses = Counter[str](), Counter[str](), dict.fromkeys(_STRENGTHS, 0.0)
    tested: list[_Tested] = []
    for number, window in enumerate(windows):
        strength, base = _best(losses), _base_rate(seen, failed)
        for id_, is_failed in window.items() if number else ():
            chance = _chance(id_, seen, failed, strength)
            tested.append(_Tested(window=number, probability=chance, base_rate=base, failed=is_failed))
            for each in _STRENGTHS:
                chance = _chance(id_, seen, failed, each)
                losses[each] -= log(chance if is_failed else 1 - chance)
        seen.update(window.keys())
        failed.update(id_ for id_, is_failed in window.items() if is_failed)
    return tested, _best(losses)


def _best(losses: Mapping[float, float]) -> float:
    """Return the shrinkage with the smallest loss; the stronger one on a tie."""
    return min(reversed(_STRENGTHS), key=lambda strength: losses[strength])


def _base_rate(seen: Counter[str], failed: Counter[str]) -> float:
    """Return the share of trials that failed, with Jeffreys' prior (half a success, half a failure): never 0 or 1."""
    return (failed.total() + 0.5) / (seen.total() + 1)


def _chance(id_: str, seen: Counter[str], failed: Counter[str], strength: float) -> float:
    return (failed[id_] + strength * _base_rate(seen, failed)) / (seen[id_] + strength)


def _ranked(now: frozenset[str], windows: Sequence[Mapping[str, bool]], strength: float) -> tuple[LikelyFailure, ...]:
    seen = Counter(id_ for window in windows for id_ in window)
    failed = Counter(id_ for window in windows for id_, is_failed in window.items() if is_failed)
    items = [
        LikelyFailure(
            requirement_id=id_,
            probability=_chance(id_, seen, failed, strength),
            windows=seen[id_],
            failed_windows=failed[id_],
        )
        for id_ in now
    ]
    return tuple(sorted(items, key=lambda item: (-item.probability, item.requirement_id)))


def _refusal(windows: Sequence[Mapping[str, bool]], tested: Sequence[_Tested], days: int) -> str:
    """Return why these forecasts cannot be shown; "" when they can."""
    failures = sum(t.failed for t in tested)
    if len(windows) <= MIN_TESTED_WINDOWS:
        needed = (MIN_TESTED_WINDOWS + 1) * days
        return f"too little history: {len(windows)} windows of {days} days, needed are {needed} days of scans"
    if min(failures, len(tested) - failures) < MIN_EACH:
        return (
            f"too few outcomes to test chances: {failures} of {len(tested)} forecasts failed, "
            f"needed are {MIN_EACH} that did and {MIN_EACH} that did not"
        )
    brier = _brier((t.probability, t.failed) for t in tested)
    base = _brier((t.base_rate, t.failed) for t in tested)
    if brier >= base:
        return f"past chances were no better than the base rate: Brier score {brier:.4f} against {base:.4f}"
    if (p := _chance_of_gain(tested)) > GAIN_LEVEL:
        return (
            f"past chances were not reliably better than the base rate: Brier score {brier:.4f} against {base:.4f}, "
            f"p = {p:.2f} over {len({t.window for t in tested})} windows"
        )
    z = _spiegelhalter(tested)
    return f"past chances were not calibrated: Spiegelhalter's z is {z:.2f}" if abs(z) > Z_LIMIT else ""


def _brier(pairs: Iterable[tuple[float, bool]]) -> float:
    squares = [(chance - is_failed) ** 2 for chance, is_failed in pairs]
    return sum(squares) / len(squares)


def _chance_of_gain(tested: Sequence[_Tested]) -> float:
    """Return the probability of at least this gain over the base rate without skill; windows are the sample."""
    from scipy.special import stdtr  # noqa: PLC0415 - as in ``forecasting.methods``

    gains: dict[int, float] = defaultdict(float)
    for t in tested:
        gains[t.window] += (t.base_rate - t.failed) ** 2 - (t.probability - t.failed) ** 2
    deviation = stdev(gains.values())
    if not deviation:
        return 0.0 if sum(gains.values()) > 0 else 1.0
    return float(stdtr(len(gains) - 1, -mean(gains.values()) * sqrt(len(gains)) / deviation))


def _spiegelhalter(tested: Sequence[_Tested]) -> float:
    """Standard normal when the probabilities are true: sum((o-p)(1-2p)) / sqrt(sum((1-2p)^2 p(1-p)))."""
    top = sum((t.failed - t.probability) * (1 - 2 * t.probability) for t in tested)
    variance = sum((1 - 2 * t.probability) ** 2 * t.probability * (1 - t.probability) for t in tested)
    return top / sqrt(variance) if variance else 0.0


def _calibration(tested: Sequence[_Tested]) -> Iterable[CalibrationBin]:
    for low, high in pairwise(_BINS):
        members = [t for t in tested if low <= t.probability < high]
        if members:
            yield CalibrationBin(
                forecasts=len(members),
                mean_probability=sum(t.probability for t in members) / len(members),
                failed_share=sum(t.failed for t in members) / len(members),
            )
