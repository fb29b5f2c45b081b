"""The nouns of judgement: tallies in, requirement results and scores out. Pure values, no storage, no prose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.names import RequirementResult

TALLY_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "check_id": pl.String,
        "mapping_id": pl.String,
        "severity": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "manual": pl.Int64,
        "muted": pl.Int64,
    }
)
"""Grain: provider, check, mapping_id (what its findings themselves name), severity, over the scope asked for.

Each finding counts in exactly one of the four: muted first, else by its raw status. Sorted by nothing.
"""

MAPPING_SCHEMA: Final = pl.Schema({"mapping_id": pl.String, "framework_key": pl.String, "requirement_uid": pl.String})
"""Grain: one requirement named by findings that share ``mapping_id``, in the scanner's own spelling."""

_REACH: Final = pl.Struct({"framework": pl.String, "requirement_id": pl.String})

WAIVED_SCHEMA: Final = pl.Schema(
    [
        ("provider", pl.String()),
        ("check_id", pl.String()),
        ("mapping_id", pl.String()),
        ("severity", pl.String()),
        ("reaches", pl.List(_REACH)),
        ("waived", pl.Int64()),
    ]
)
"""Grain: tally key and the set of reaches that cover its failing, unmuted findings; the counts are disjoint.

A finding that several waivers cover stands once, under the set of all their reaches. ``framework`` null means every
framework, ``requirement_id`` null every requirement of the framework. They count among ``failed`` of the tally too.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Distinct findings by outcome; each finding is in exactly one."""

    passed: int = 0
    failed: int = 0
    manual: int = 0
    muted: int = 0
    waived: int = 0

    @property
    def assessed(self) -> int:
        """Findings that decide: passed and failed."""
        return self.passed + self.failed

    @property
    def total(self) -> int:
        """All findings counted here."""
        return self.passed + self.failed + self.manual + self.muted + self.waived


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementAssessment:
    """The judgement on one requirement, with what it rests on."""

    id: str
    title: str
    section: str
    result: RequirementResult
    counts: Counts
    """``manual``: findings a scanner left to a person, plus one where the requirement itself is a person's to judge."""
    checks: tuple[str, ...]
    """Checks related to it that have findings in scope, sorted."""
    by_severity: Mapping[str, Counts]
    weight: float | None = None
    level_of_risk: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the framework the findings could speak to."""

    assessed: int
    """Requirements with result compliant or non_compliant."""
    total: int
    """All requirements of the framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A number with all that explains it. ``value_pct`` is 0-100 unrounded; None when nothing was assessed."""

    model: str
    model_version: str
    value_pct: float | None
    numerator: float
    denominator: float
    excluded: Counts
    """Only muted, waived and manual are set: findings left out of the score."""
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """All that is judged of one framework over one scope: the source of every number in a report."""

    framework_id: str | None
    """None when no framework was asked for: all findings in scope are then judged."""
    framework_version: str | None
    requirements: tuple[RequirementAssessment, ...]
    counts: Counts
    """Distinct findings mapped to the framework."""
    failed_by_severity: Mapping[str, int]
    """Failing findings, every severity present, worst first."""
    scores: Mapping[str, Score]
    """By model name, every model that applies."""
    default_model: str

    @property
    def score(self) -> Score:
        """The score of the chosen model."""
        return self.scores[self.default_model]
