"""How long findings stay open: ages against the days agreed per severity, and the time to remediate with censoring.

A finding's age counts from the first scan that saw it fail: what was before the first scan nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from policycortex.names import Severity

SLA_DAYS: Final[Mapping[str, int]] = {
    Severity.CRITICAL: 7,
    Severity.HIGH: 30,
    Severity.MEDIUM: 90,
    Severity.LOW: 180,
    Severity.INFORMATIONAL: 365,
}
"""Days to remediate that hold where an installation says nothing else; common in vendors' and public policies."""

EPISODE_SCHEMA: Final = pl.Schema(
    {
        "severity": pl.String,
        "opened_on": pl.Date,
        "ended_on": pl.Date,
        "is_remediated": pl.Boolean,
        "findings": pl.Int64,
    }
)
"""Grain: findings of one severity that began to fail on one day and left the failing ones on one day.

``is_remediated`` false is censored at ``ended_on``: still failing at its last sight, waived, muted, not looked at.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSummary:
    """Failing findings of one severity; ages in whole days, None without findings."""

    severity: str
    sla_days: int
    failing: int
    overdue: int
    """Older than ``sla_days``."""
    median_days: int | None
    p90_days: int | None
    oldest_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediationTime:
    """Kaplan-Meier estimate over one severity's episodes, or over all (``severity`` None)."""

    severity: str | None
    findings: int
    remediated: int
    median_days: float | None
    """By then half are remediated; None where fewer ever were."""
    mean_days: float | None
    """Mean within ``horizon_days``: the area under the survival curve. None without findings."""
    horizon_days: int
    """Longest time seen. Where not all are remediated by then, the true mean is longer than ``mean_days``."""
    is_restricted: bool
    """Some were still open at ``horizon_days``."""
    within_sla_share: float | None
    """Estimated share remediated within the days agreed; None for all severities, or where none was watched so long."""


def summarize_ages(
    items: pl.DataFrame, *, as_of: date, sla_days: Mapping[str, int] = SLA_DAYS
) -> tuple[AgeSummary, ...]:
    """One summary per severity, worst first. ``items``: severity, failing_since, failed; null dates count as age 0."""
    failing = items.filter(pl.col("failed") > 0).select("severity", "failed", age_days(as_of).alias("age"))
    return tuple(_ages(failing.filter(pl.col("severity") == s.value), s.value, sla_days[s.value]) for s in Severity)


def age_days(as_of: date) -> pl.Expr:
    """Whole days since ``failing_since``, never negative; 0 where it is null."""
    return (pl.lit(as_of) - pl.col("failing_since")).dt.total_days().fill_null(0).clip(lower_bound=0)


def estimate_remediation(
    episodes: pl.DataFrame, *, sla_days: Mapping[str, int] = SLA_DAYS
) -> tuple[RemediationTime, ...]:
    """All severities together, then each that has episodes (EPISODE_SCHEMA), worst first."""
    present = [s.value for s in Severity if s.value in set(episodes["severity"].to_list())]
    return (
        _remediation(None, episodes, None),
        *(_remediation(s, episodes.filter(pl.col("severity") == s), sla_days[s]) for s in present),
    )


def _ages(rows: pl.DataFrame, severity: str, sla_days: int) -> AgeSummary:
    ordered = rows.sort("age")
    upto = ordered["failed"].cum_sum().to_numpy()
    total = int(upto[-1]) if len(upto) else 0

    def day_of(share: float) -> int | None:
        return int(ordered["age"][int(np.searchsorted(upto, share * total))]) if total else None

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
    """Kaplan and Meier (1958); scipy's ``ecdf`` with right-censored data. The mean is Irwin's (1949), restricted."""
    from scipy.stats import CensoredData, ecdf  # noqa: PLC0415 - 2 CPU seconds that no other answer needs

    counts = episodes["findings"].to_numpy()
    if not counts.sum():
        return _unknown(severity)
    lasted = np.repeat((episodes["ended_on"] - episodes["opened_on"]).dt.total_days().to_numpy(), counts)
    remediated = np.repeat(episodes["is_remediated"].to_numpy(), counts)
    survival: Any = ecdf(CensoredData.right_censored(lasted.astype(np.float64), ~remediated)).sf
    times, open_share = survival.quantiles, survival.probabilities
    horizon = int(lasted.max())
    half = np.nonzero(open_share <= 0.5)[0]
    is_watched = sla_days is not None and horizon >= sla_days
    return RemediationTime(
        severity=severity,
        findings=len(lasted),
        remediated=int(remediated.sum()),
        median_days=float(times[half[0]]) if len(half) else None,
        mean_days=float(np.sum(np.diff(np.append(0.0, times)) * np.append(1.0, open_share[:-1]))),
        horizon_days=horizon,
        is_restricted=bool(open_share[-1] > 0),
        within_sla_share=float(1 - survival.evaluate(float(sla_days or 0))) if is_watched else None,
    )


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
