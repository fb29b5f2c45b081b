"""How long findings stay open: ages compared with the SLA per severity, and the time to remediate, with censoring.

A finding's age counts from the first scan that saw it fail. No data exists before the first scan.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from policycortex.names import Severity

Numbers: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]

SLA_DAYS: Final[Mapping[str, int]] = {
    Severity.CRITICAL: 7,
    Severity.HIGH: 30,
    Severity.MEDIUM: 90,
    Severity.LOW: 180,
    Severity.INFORMATIONAL: 365,
}
"""Default days to remediate; common in vendors' and public policies."""

KNOWN_WITHIN_DAYS: Final = 35
"""A first failing scan tells when a finding began to fail if a scan so many days before it did not see it.

Monthly scans do; with scans once a quarter, or the first scan of all, an age is a minimum."""

EPISODE_SCHEMA: Final = pl.Schema(
    {
        "severity": pl.String,
        "opened_on": pl.Date,
        "ended_on": pl.Date,
        "is_remediated": pl.Boolean,
        "findings": pl.Int64,
    }
)
"""Grain: findings of one severity that began to fail on one day and stopped failing on one day.

``is_remediated`` false is censored at ``ended_on``: still failing when last seen, waived, muted, or no longer scanned.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSummary:
    """Failing findings of one severity; ages in whole days, None without findings."""

    severity: str
    failing: int
    overdue: int
    """Older than ``sla_days``."""
    sla_days: int
    median_days: int | None
    p90_days: int | None
    oldest_days: int | None
    is_minimum: bool = False
    """An oldest finding may have failed earlier: its check was not looked at in KNOWN_WITHIN_DAYS before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediationTime:
    """Kaplan-Meier estimate over one severity's episodes, or over all (``severity`` None)."""

    severity: str | None
    findings: int
    remediated: int
    median_days: float | None
    """Time by which half are remediated; None when fewer were."""
    mean_days: float | None
    """Mean within ``horizon_days``: the area under the survival curve. None without findings."""
    horizon_days: int
    """Longest observed time. When not all are remediated by then, the true mean is longer than ``mean_days``."""
    is_restricted: bool
    """Some were still open at ``horizon_days``."""
    within_sla_share: float | None
    """Estimated share remediated within the SLA; None for all severities, or when none was observed for that long."""


def summarize_ages(
    items: pl.DataFrame,
    *,
    as_of: date,
    sla_days: Mapping[str, int] = SLA_DAYS,
    minimums: Collection[str] = (),
) -> tuple[AgeSummary, ...]:
    """Return a summary per severity, worst first. ``items``: severity, failing_since (null is age 0), failed.

    ``minimums``: severities whose oldest age is a minimum.
    """
    failing = items.filter(pl.col("failed") > 0).select("severity", "failed", age_days(as_of).alias("age"))
    summaries = (_ages(failing.filter(pl.col("severity") == s.value), s.value, sla_days[s.value]) for s in Severity)
    return tuple(replace(each, is_minimum=each.severity in minimums) for each in summaries)


def oldest_failing(items: pl.DataFrame) -> pl.DataFrame:
    """The findings of each severity that fail for longest: severity, failing_since, account_id and check_id."""
    failing = items.filter((pl.col("failed") > 0) & pl.col("failing_since").is_not_null())
    oldest = failing.filter(pl.col("failing_since") == pl.col("failing_since").min().over("severity"))
    return oldest.select("severity", "failing_since", "account_id", "check_id").unique()


def age_days(as_of: date) -> pl.Expr:
    """Return whole days since ``failing_since``, never negative; 0 when it is null."""
    return (pl.lit(as_of) - pl.col("failing_since")).dt.total_days().fill_null(0).clip(lower_bound=0)


def estimate_remediation(
    episodes: pl.DataFrame, *, watched_from: date | None = None, sla_days: Mapping[str, int] = SLA_DAYS
) -> tuple[RemediationTime, ...]:
    """Return all severities together, then each that has episodes (EPISODE_SCHEMA), worst first.

    ``watched_from``: ``episodes`` has none that ended before this day (a period is considered), so earlier ones are
    observed only from the age that they had on that day. None: ``episodes`` has all that ever were.
    """
    watched = episodes.with_columns(watched_on=pl.max_horizontal("opened_on", pl.lit(watched_from or date.min)))
    present = [s.value for s in Severity if s.value in set(episodes["severity"].to_list())]
    return (
        _remediation(None, watched, None),
        *(_remediation(s, watched.filter(pl.col("severity") == s), sla_days[s]) for s in present),
    )


def open_episodes(items: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return what still fails in ``items`` as EPISODE_SCHEMA, censored when last seen, at the latest at ``as_of``.

    ``items``: severity, failing_since, last_seen_on (null is ``as_of``), failed.
    """
    failing = items.filter(pl.col("failed") > 0)
    seen_on = pl.col("last_seen_on").fill_null(as_of).clip(upper_bound=as_of)
    return failing.select(
        "severity",
        opened_on=pl.min_horizontal(pl.col("failing_since").fill_null(as_of), seen_on),
        ended_on=seen_on,
        is_remediated=pl.lit(value=False),
        findings="failed",
    ).cast(EPISODE_SCHEMA)


def _ages(rows: pl.DataFrame, severity: str, sla_days: int) -> AgeSummary:
    ordered = rows.sort("age")
    cumulative = ordered["failed"].cum_sum().to_numpy()
    total = int(cumulative[-1]) if len(cumulative) else 0

    def day_of(share: float) -> int | None:
        return int(ordered["age"][int(np.searchsorted(cumulative, share * total))]) if total else None

    return AgeSummary(
        severity=severity,
        sla_days=sla_days,
        failing=total,
        overdue=int(rows.filter(pl.col("age") > sla_days)["failed"].sum()),
        median_days=day_of(0.5),
        p90_days=day_of(0.9),
        oldest_days=day_of(1.0),
    )


def _remediation(severity: str | None, episodes: pl.DataFrame, sla_days: int | None) -> RemediationTime:
    if not episodes["findings"].sum():
        return _unknown(severity)
    times, open_share = _survival(episodes)
    horizon = int(_durations(episodes).max())
    half = np.nonzero(open_share <= 0.5)[0]
    is_watched = sla_days is not None and horizon >= sla_days
    by_sla = open_share[times <= (sla_days or 0)]
    return RemediationTime(
        severity=severity,
        findings=int(episodes["findings"].sum()),
        remediated=int(episodes.filter("is_remediated")["findings"].sum()),
        median_days=float(times[half[0]]) if len(half) else None,
        mean_days=_area(times, open_share, horizon),
        horizon_days=horizon,
        is_restricted=not len(open_share) or bool(open_share[-1] > 0),
        within_sla_share=1 - float(by_sla[-1] if len(by_sla) else 1.0) if is_watched else None,
    )


def _survival(episodes: pl.DataFrame) -> tuple[Numbers, Numbers]:
    """Return the ages at which some were remediated, and the share still open after each.

    Kaplan and Meier's product-limit estimate (1958), with late entry: at risk at an age are those observed before it
    and not yet ended. SciPy's ``ecdf``, which the tests compare with, has no late entry.
    """
    entered = (episodes["watched_on"] - episodes["opened_on"]).dt.total_days().to_numpy()
    durations, counts = _durations(episodes), episodes["findings"].to_numpy()
    remediated = np.where(episodes["is_remediated"].to_numpy(), counts, 0)
    times = np.unique(durations[remediated > 0])
    at_risk = np.array([counts[((entered < age) | (entered == 0)) & (durations >= age)].sum() for age in times])
    done = np.array([remediated[durations == age].sum() for age in times])
    return times.astype(np.float64), np.cumprod(1 - done / at_risk) if len(times) else np.empty(0)


def _durations(episodes: pl.DataFrame) -> Numbers:
    return (episodes["ended_on"] - episodes["opened_on"]).dt.total_days().to_numpy().astype(np.float64)


def _area(times: Numbers, open_share: Numbers, horizon: int) -> float:
    """Irwin's restricted mean (1949): the area under the curve up to ``horizon``."""
    edges = np.concatenate([[0.0], times, [float(horizon)]])
    return float(np.sum(np.diff(edges) * np.concatenate([[1.0], open_share])))


def _unknown(severity: str | None) -> RemediationTime:
    return RemediationTime(
        severity=severity,
        findings=0,
        remediated=0,
        median_days=None,
        mean_days=None,
        horizon_days=0,
        is_restricted=False,
        within_sla_share=None,
    )
