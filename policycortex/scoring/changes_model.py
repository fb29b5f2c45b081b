"""Values of the comparison of two dates: frames of findings and coverage in, causes out. No rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

import polars as pl

from policycortex.scoring.apportion import apportion
from policycortex.scoring.rounding import round_pct

STATE_SCHEMA: Final = pl.Schema(
    {
        "source": pl.String,
        "provider": pl.String,
        "account_id": pl.String,
        "region": pl.String,
        "check_id": pl.String,
        "resource_uid": pl.String,
        "mapping_id": pl.String,
        "severity": pl.String,
        "status": pl.String,
        "is_muted": pl.Boolean,
        "is_waived": pl.Boolean,
        "is_in_scope": pl.Boolean,
        "environment": pl.String,
        "scan_target": pl.String,
    }
)
"""Grain: one finding of one side's period-end posture; a key may repeat, because a resource may have a check twice.

``is_waived``: waived on that side for every requirement in question. ``is_in_scope``: whether it is in that side's
scope (environments, accounts). Rows out of scope are needed to distinguish a changed scope from a removed resource.
``scan_target``: what its scan was limited to (``findings.scan_targets``); null where none is known, before version 6 of
the lake.
"""

COVERED_SCHEMA: Final = pl.Schema(
    dict.fromkeys(("source", "account_id", "scan_target", "region", "check_id"), pl.String())
)
"""Grain: one check that a source executed in one scan target of an account, on one side; a row per region.

``check_id`` is "" where all checks of the target were executed: a scan that lists failing findings only. ``region`` is
null where the scan has no findings of the check. ``scan_target`` is null before version 6 of the lake, in all rows.
"""

FINDING_KEY: Final = ("source", "account_id", "check_id", "region", "resource_uid")


class Cause(StrEnum):
    """Why a score changed, in the order of reports."""

    FIXED = "fixed"
    """The raw status was FAIL before and is PASS now."""
    REGRESSED = "regressed"
    """The raw status was PASS before and is FAIL now."""
    NEW_RESOURCES = "new_resources"
    """Absent before, although its check and region were scanned."""
    GONE_RESOURCES = "gone_resources"
    """Absent now, although its check and region were scanned."""
    SCOPE_AND_COVERAGE = "scope_and_coverage"
    """Scanned or in scope on one side only, or with status MANUAL on one side only."""
    FRAMEWORK_VERSION = "framework_version"
    """Related to the framework on one side only: a new version or a changed crosswalk."""
    WAIVERS = "waivers"
    """The raw status is the same; waived or muted on one side only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostureSide:
    """One of the two dates. ``relations`` (RELATION_SCHEMA) is None without a framework: all findings count.

    The relations of each side must include the (provider, check_id, mapping_id) of both sides, so that "not related to
    this framework version" can be distinguished from "absent".
    """

    states: pl.DataFrame
    covered: pl.DataFrame
    relations: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseShare:
    """The effect of one cause: findings, changes of the counts, and its exact part of the score's change."""

    cause: Cause
    findings: int
    passed: int
    """Change of the number of passed findings by this cause."""
    failed: int
    points: Fraction | None
    """Percentage points, exact; None when a date has no score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChange:
    """The change of ``findings_pass_rate`` between two dates; the causes' points add up to ``points`` exactly."""

    passed_before: int
    failed_before: int
    passed_after: int
    failed_after: int
    shares: tuple[CauseShare, ...]
    """Every Cause once, in Cause's order."""

    @property
    def before(self) -> Fraction | None:
        """Score before, exact; None when nothing was assessed."""
        return exact_pct(self.passed_before, self.failed_before)

    @property
    def after(self) -> Fraction | None:
        """Score after, exact; None when nothing was assessed."""
        return exact_pct(self.passed_after, self.failed_after)

    @property
    def points(self) -> Fraction | None:
        """After minus before, in percentage points."""
        return None if self.before is None or self.after is None else self.after - self.before

    def written(self, digits: int = 2) -> dict[Cause, Decimal | None]:
        """Return the rounded points of each cause; they add up to the difference of the two rounded scores."""
        exact: Sequence[Fraction | None] = [share.points for share in self.shares]
        if self.before is None or self.after is None:
            return dict.fromkeys((share.cause for share in self.shares), None)
        total = _rounded(self.after, digits) - _rounded(self.before, digits)
        parts = apportion([points or Fraction() for points in exact], total, digits)
        return dict(zip((share.cause for share in self.shares), parts, strict=True))


def exact_pct(passed: int, failed: int) -> Fraction | None:
    """``100 * passed / (passed + failed)``; None when both are 0."""
    return Fraction(100 * passed, passed + failed) if passed + failed else None


def _rounded(value: Fraction, digits: int) -> Decimal:
    return Decimal(str(round_pct(value, digits)))
