"""What two dates are compared by: narrow frames of findings and coverage in, causes out. No rule stands here."""

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
    }
)
"""Grain: one finding of one side's closing posture; a key may repeat, since a resource may have a check twice.

``is_waived``: covered, on that side, for all that the question asks of (every related requirement). ``is_in_scope``:
whether that side's order speaks of it (environments, accounts); rows out of scope tell a changed scope from a gone
resource.
"""

COVERED_SCHEMA: Final = pl.Schema(dict.fromkeys(("source", "account_id", "region", "check_id"), pl.String()))
"""Grain: one check that a source looked at in one region of an account, on one side."""

FINDING_KEY: Final = ("source", "account_id", "check_id", "region", "resource_uid")


class Cause(StrEnum):
    """Why a score moved, in the order reports list it."""

    FIXED = "fixed"
    """The scanner said FAIL before and says PASS now."""
    REGRESSED = "regressed"
    """The scanner said PASS before and says FAIL now."""
    NEW_RESOURCES = "new_resources"
    """Not there before, though its check and region were looked at."""
    GONE_RESOURCES = "gone_resources"
    """Not there now, though its check and region were looked at."""
    SCOPE_AND_COVERAGE = "scope_and_coverage"
    """Looked at or asked for on one side only, or left to a person on one side only."""
    FRAMEWORK_VERSION = "framework_version"
    """Related to the framework on one side only: a new version or a changed crosswalk."""
    WAIVERS = "waivers"
    """Same raw status; accepted (waived or muted) on one side only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostureSide:
    """One of the two dates. ``relations`` (RELATION_SCHEMA) None: all findings count, no framework was asked for.

    Relations of each side must speak of the (provider, check_id, mapping_id) of both sides, so that "this framework
    would not have asked" can be told from "was not there".
    """

    states: pl.DataFrame
    covered: pl.DataFrame
    relations: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseShare:
    """What one cause did: findings touched, what it added to the counts, and its exact part of the change."""

    cause: Cause
    findings: int
    passed: int
    """Change of passed findings by this cause; negative where some left."""
    failed: int
    points: Fraction | None
    """Percentage points, exact; None where either date has no score."""


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
        """After less before, in percentage points."""
        return None if self.before is None or self.after is None else self.after - self.before

    def written(self, digits: int = 2) -> dict[Cause, Decimal | None]:
        """Points of each cause for readers; they add up to the difference of the two scores as written."""
        exact: Sequence[Fraction | None] = [share.points for share in self.shares]
        if self.before is None or self.after is None:
            return dict.fromkeys((share.cause for share in self.shares), None)
        total = _as_written(self.after, digits) - _as_written(self.before, digits)
        parts = apportion([points or Fraction() for points in exact], total, digits)
        return dict(zip((share.cause for share in self.shares), parts, strict=True))


def exact_pct(passed: int, failed: int) -> Fraction | None:
    """``100 * passed / (passed + failed)``; None when both are 0."""
    return Fraction(100 * passed, passed + failed) if passed + failed else None


def _as_written(value: Fraction, digits: int) -> Decimal:
    return Decimal(str(round_pct(float(value), digits)))
