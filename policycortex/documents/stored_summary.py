"""The key figures of a stored summary, of any version of the program: for lists, messages and commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policycortex.scoring.risk_model import SHARE_VERSION
from policycortex.scoring.rounding import Percent, percent_of, round_pct, rounded_change


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFigures:
    """The figures beside each other; None where the report has none."""

    score_pct: Percent | None
    """The compliance score with two decimals; it is shown with fewer from its exact parts."""
    requirements_met: int | None
    requirements_assessed: int | None
    requirements_total: int | None
    """The three are None without a framework."""
    risk_score: float | None
    risk_version: str | None
    """Of the risk score: scores of different versions cannot be compared."""
    risk_band: str | None
    """None before version 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskComparison:
    """The risk scores of two reports side by side."""

    before: float | None
    after: float | None
    before_version: str | None
    after_version: str | None
    points: float | None
    """After minus before, as rounded; None where either has none, or where their versions differ."""
    are_comparable: bool
    """Whether both have the same version."""


def read_figures(summary: Mapping[str, Any]) -> StoredFigures:
    """The figures of ``summary``, as ``describe_summary`` wrote it, today or in an earlier version."""
    met, assessed, total = _requirements(summary)
    risk = summary.get("risk") or {}
    risk_score = summary.get("risk_score")
    return StoredFigures(
        score_pct=_score(summary),
        requirements_met=met,
        requirements_assessed=assessed,
        requirements_total=total,
        risk_score=risk_score,
        risk_version=None if risk_score is None else risk.get("version", SHARE_VERSION),
        risk_band=risk.get("band"),
    )


def compare_risk(before: Mapping[str, Any], after: Mapping[str, Any]) -> RiskComparison:
    """Compare the risk of two stored summaries; scores of different versions are not subtracted."""
    old, new = read_figures(before), read_figures(after)
    are_comparable = old.risk_version == new.risk_version and old.risk_version is not None
    return RiskComparison(
        before=old.risk_score,
        after=new.risk_score,
        before_version=old.risk_version,
        after_version=new.risk_version,
        points=rounded_change(old.risk_score, new.risk_score, 2) if are_comparable else None,
        are_comparable=are_comparable,
    )


def _score(summary: Mapping[str, Any]) -> Percent | None:
    """From numerator and denominator where they are stored, so that it is rounded once."""
    value, parts = summary.get("compliance_score"), summary.get("score") or {}
    if value is None:
        return None
    exact = percent_of(parts.get("numerator") or 0, parts.get("denominator") or 0)
    rounded = round_pct(exact)
    return rounded if rounded is not None and rounded == value else round_pct(value)


def _requirements(summary: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """Met, assessed and all requirements; summaries of earlier versions have the share that is met instead."""
    named = summary.get("requirements")
    if isinstance(named, Mapping):
        counts = named.get("met"), named.get("assessed"), named.get("total")
        return counts if named.get("total") else (None, None, None)
    coverage = (summary.get("score") or {}).get("coverage") or {}
    assessed, total = coverage.get("assessed"), coverage.get("total")
    if not total:
        return None, None, None
    share = (summary.get("models") or {}).get("requirements_passed")
    return (None if share is None else round(share * assessed / 100)), assessed, total
