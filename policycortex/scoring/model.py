"""Values of scoring: tallies in, requirement results and scores out. No storage and no texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from policycortex.names import Decider, RequirementKind, RequirementResult, RequirementTag
from policycortex.scoring.attestations import Statement

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
"""Grain: provider, check, mapping_id (the requirements that its findings name), severity, within the scope.

Each finding counts in exactly one of the four: muted first, else by its raw status. The order is undefined.
"""

MAPPING_SCHEMA: Final = pl.Schema({"mapping_id": pl.String, "framework_key": pl.String, "requirement_uid": pl.String})
"""Grain: one requirement named by findings that share ``mapping_id``, in the scanner's spelling."""

_COVERAGE: Final = pl.Struct({"framework": pl.String, "requirement_id": pl.String})

WAIVED_SCHEMA: Final = pl.Schema(
    [
        ("provider", pl.String()),
        ("check_id", pl.String()),
        ("mapping_id", pl.String()),
        ("severity", pl.String()),
        ("reaches", pl.List(_COVERAGE)),
        ("waived", pl.Int64()),
    ]
)
"""Grain: tally key and ``reaches``, the set of what waivers accept of its failing, unmuted findings.

The counts are disjoint: a finding that several waivers cover is in one row, under the set of all their reaches.
``framework`` null means every framework, ``requirement_id`` null every requirement of the framework. Waived findings
are also counted in the tally's ``failed``.
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
        """Findings that decide the result: passed and failed."""
        return self.passed + self.failed

    @property
    def total(self) -> int:
        """All findings."""
        return self.passed + self.failed + self.manual + self.muted + self.waived


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementAssessment:
    """The result of one requirement, with the counts behind it."""

    id: str
    title: str
    section: str
    result: RequirementResult
    counts: Counts
    """``manual``: findings with status MANUAL, plus one where the requirement itself must be assessed by a person."""
    checks: tuple[str, ...]
    """Checks related to it that have findings in scope, sorted."""
    by_severity: Mapping[str, Counts]
    weight: float | None = None
    level_of_risk: float | None = None
    parent: str | None = None
    """Id of the requirement that it is a part of."""
    kind: RequirementKind | None = None
    description: str = ""
    tags: tuple[RequirementTag, ...] = ()
    open_conditions: int = 0
    """Conditions on the configuration of its checks that have findings in scope; no findings tell whether they hold."""
    excluded: Counts = field(default_factory=Counts)
    """Findings where the requirement does not apply: they are not in ``counts`` and not in ``by_severity``."""
    stated: Statement | None = None
    """``met`` or ``not_met`` where people state it of the whole scope; scanners decide ``result`` alone."""

    @property
    def decided_by(self) -> Decider | None:
        """Who says whether it is met; None: nobody, or it does not apply.

        A failing finding of a scanner outranks ``met``; ``not_met`` outranks passing findings.
        """
        match self.result, self.stated:
            case RequirementResult.NOT_APPLICABLE, _:
                return None
            case (RequirementResult.NON_COMPLIANT, _) | (RequirementResult.COMPLIANT, Statement.MET | None):
                return Decider.SCANNER
            case _, None:
                return None
        return Decider.PEOPLE

    @property
    def is_met(self) -> bool | None:
        """What scanners and people say of it together; None: it is open, or does not apply."""
        match self.decided_by:
            case Decider.SCANNER:
                return self.result is RequirementResult.COMPLIANT
            case Decider.PEOPLE:
                return self.stated is Statement.MET
        return None

    @property
    def is_contradicted(self) -> bool:
        """Whether people state that it is met, and a scanner finds that it is not."""
        return self.stated is Statement.MET and self.result is RequirementResult.NON_COMPLIANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the framework was assessed."""

    assessed: int
    """Requirements with result compliant or non_compliant."""
    total: int
    """All requirements of the framework that apply."""
    not_applicable: int = 0
    """Requirements of the framework that do not apply; with ``total`` all of them."""
    by_scanner: int = 0
    """Requirements that scanners decide, of those that ``requirements_met`` counts."""
    by_people: int = 0
    """Those that people decide: by a statement where scanners do not, or by ``not_met``."""
    open: int = 0
    """Those that apply and that nobody decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A number with the values that explain it. ``value_pct`` is 0-100, unrounded; None when nothing was assessed."""

    model: str
    model_version: str
    value_pct: float | None
    numerator: float
    denominator: float
    excluded: Counts
    """Only muted, waived and manual are set: findings excluded from the score."""
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """All results and scores of one framework in one scope: the source of every number in a report."""

    framework_id: str | None
    """None when no framework was requested: all findings in scope are then counted."""
    framework_version: str | None
    requirements: tuple[RequirementAssessment, ...]
    counts: Counts
    """Distinct findings mapped to the framework."""
    failed_by_severity: Mapping[str, int]
    """Failing findings by severity; every severity is present, the worst first."""
    scores: Mapping[str, Score]
    """By model name; every model that applies."""
    default_model: str

    @property
    def score(self) -> Score:
        """The score of the chosen model."""
        return self.scores[self.default_model]
