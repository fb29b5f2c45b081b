"""Values of risk: the weights that an installation may change, and the results. No rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import isclose
from typing import Final

import polars as pl

from policycortex.errors import ConfigurationError
from policycortex.names import UNKNOWN_ENVIRONMENT, Severity
from policycortex.scoring.ages import SLA_DAYS
from policycortex.scoring.models import SEVERITY_WEIGHTS

RISK_VERSION: Final = "3"
SHARE_VERSION: Final = "2"
"""Version of the risk score that is now the share of what is at stake that fails; its formula is unchanged."""

RISK_ITEM_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "account_id": pl.String,
        "environment": pl.String,
        "service": pl.String,
        "check_id": pl.String,
        "mapping_id": pl.String,
        "title": pl.String,
        "severity": pl.String,
        "failing_since": pl.Date,
        "is_exposed": pl.Boolean,
        "resource_uid": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
    }
)
"""Grain: findings that differ only in resource; failing ones are grouped by ``failing_since``, null for passing ones.

``failed`` excludes muted and waived findings, which are accepted risk. ``is_exposed`` is what the scanner's categories
say, null where it gives none: then the words of the check decide. ``resource_uid`` is the first failing resource by
name, null where it was not kept.
"""


class RiskPart(StrEnum):
    """The parts of a failing finding's risk."""

    SEVERITY = "severity"
    EXPOSURE = "exposure"
    AGE = "age"
    ENVIRONMENT = "environment"


class RiskBand(StrEnum):
    """How soon the worst failing finding needs work; it decides the band alone. Most urgent first."""

    ACT_NOW = "act_now"
    ACT_SOON = "act_soon"
    PLAN = "plan"
    WATCH = "watch"
    NONE = "none"
    """Nothing fails."""


LIMITED_BANDS: Final = (RiskBand.ACT_NOW, RiskBand.ACT_SOON, RiskBand.PLAN)
"""Bands with a lower limit; any other failing finding is in ``watch``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskWeights:
    """The weights of risk. Raises ConfigurationError when they cannot give a score from 0 to 100."""

    ceilings: Mapping[str, float] = field(
        default_factory=lambda: {
            Severity.CRITICAL: 80,
            Severity.HIGH: 50,
            Severity.MEDIUM: 25,
            Severity.LOW: 10,
            Severity.INFORMATIONAL: 3,
        }
    )
    """Severity -> most points that one finding can have; above 0, at most 100."""
    degrees: Mapping[RiskPart, float] = field(
        default_factory=lambda: {
            RiskPart.SEVERITY: 0.4,
            RiskPart.EXPOSURE: 0.3,
            RiskPart.AGE: 0.15,
            RiskPart.ENVIRONMENT: 0.15,
        }
    )
    """Shares of the ceiling that add up to 1."""
    burden: float = 4000
    """Points of all other findings that close 63 % of the distance to 100; above 0."""
    bands: Mapping[RiskBand, float] = field(
        default_factory=lambda: {RiskBand.ACT_NOW: 60, RiskBand.ACT_SOON: 30, RiskBand.PLAN: 10}
    )
    """Band -> fewest points of the worst finding; falling, above 0."""
    parts: Mapping[RiskPart, float] = field(
        default_factory=lambda: {
            RiskPart.SEVERITY: 0.4,
            RiskPart.EXPOSURE: 0.2,
            RiskPart.AGE: 0.2,
            RiskPart.ENVIRONMENT: 0.2,
        }
    )
    """Of the share at stake: shares that add up to 1."""
    severity: Mapping[str, float] = field(default_factory=lambda: dict(SEVERITY_WEIGHTS))
    """Of the share at stake: weight of one finding; above 0."""
    criticality: Mapping[str, float] = field(
        default_factory=lambda: {
            "production": 1.0,
            "staging": 0.5,
            "development": 0.25,
            "test": 0.25,
            UNKNOWN_ENVIRONMENT: 0.75,
        }
    )
    """Environment -> 0 to 1; others count as ``unknown``, because an unclassified one may be production."""
    sla_days: Mapping[str, int] = field(default_factory=lambda: dict(SLA_DAYS))
    """Severity -> days after which the age part is full; above 0."""
    exposure_words: tuple[str, ...] = (
        "public", "internet", "exposed", "anonymous", "unauthenticated", "0.0.0.0/0", "world", "everyone", "allusers",
    )  # fmt: skip
    """A check with one of these in its id or title is about something that is publicly reachable.

    They decide where the scanner gives no category.
    """

    def __post_init__(self) -> None:
        problems = [
            *self._problems_of_points(),
            *(f"parts lack {part.value}" for part in RiskPart if part not in self.parts),
            *(f"severity lacks {s.value}" for s in Severity if s.value not in self.severity),
            *(f"sla_days lacks {s.value}" for s in Severity if s.value not in self.sla_days),
            *(f"parts.{name} is {share}, not 0 to 1" for name, share in self.parts.items() if not 0 <= share <= 1),
            *(f"criticality.{name} is {c}, not 0 to 1" for name, c in self.criticality.items() if not 0 <= c <= 1),
            *(f"severity.{name} is {w}, not above 0" for name, w in self.severity.items() if not w > 0),
            *(f"sla_days.{name} is {days}, not above 0" for name, days in self.sla_days.items() if not days > 0),
        ]
        if UNKNOWN_ENVIRONMENT not in self.criticality:
            problems.append(f"criticality lacks {UNKNOWN_ENVIRONMENT}")
        if not isclose(sum(self.parts.values()), 1):
            problems.append(f"parts add up to {sum(self.parts.values()):g}, not 1")
        if problems:
            raise ConfigurationError(f"risk weights cannot be used: {'; '.join(problems)}")

    def _problems_of_points(self) -> list[str]:
        limits = [self.bands.get(band, 0.0) for band in LIMITED_BANDS]
        problems = [
            *(f"degrees lack {part.value}" for part in RiskPart if part not in self.degrees),
            *(f"ceilings lack {s.value}" for s in Severity if s.value not in self.ceilings),
            *(f"bands lack {band.value}" for band in LIMITED_BANDS if band not in self.bands),
            *(f"degrees.{name} is {share}, not 0 to 1" for name, share in self.degrees.items() if not 0 <= share <= 1),
            *(f"ceilings.{name} is {c}, not above 0 to 100" for name, c in self.ceilings.items() if not 0 < c <= 100),
        ]
        if not isclose(sum(self.degrees.values()), 1):
            problems.append(f"degrees add up to {sum(self.degrees.values()):g}, not 1")
        if not 100 >= limits[0] > limits[1] > limits[2] > 0:
            problems.append(f"bands are {limits}, not falling from at most 100 to above 0")
        if not 0 < self.burden < float("inf"):
            problems.append(f"burden is {self.burden}, not above 0")
        return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskScore:
    """0 (no failing finding) to 100: the points of the worst failing finding, and what all others add."""

    value: float | None
    """None when nothing was assessed, because an unknown risk is not a low risk."""
    worst: float
    """Points of the worst failing finding; 0 without any."""
    others: float
    """``value`` minus ``worst``."""
    band: RiskBand | None
    """By ``worst`` alone; None as ``value`` is."""
    parts: Mapping[RiskPart, float]
    """Points by part, which add up to ``value``; all 0 when nothing was assessed."""
    share_pct: Fraction | None
    """The share of what is at stake that fails, 0-100 (SHARE_VERSION); None as ``value`` is."""
    failed: int
    assessed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstFinding:
    """The failing finding with the most points; of several, the one that fails longest, then by name."""

    points: float
    provider: str
    account_id: str
    environment: str
    service: str
    check_id: str
    title: str
    severity: str
    is_exposed: bool
    failing_since: date | None
    """None where its age is not known."""
    resource_uid: str | None
    """The first by name of the resources with this finding; None where it was not kept."""
    alike: int
    """Failing findings with as many points, itself included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskGroup:
    """The risk of one account, service, provider, environment or framework alone."""

    dimension: str
    label: str
    score: RiskScore


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskItem:
    """One failing check in one account, and the effect of fixing all its findings there."""

    provider: str
    account_id: str
    check_id: str
    title: str
    service: str
    severity: str
    failed: int
    is_exposed: bool
    oldest_days: int
    points: float
    """Sum of the points of its findings."""
    risk_without: float
    """The total risk if these findings passed and all else stayed the same."""
    lowers_by: float
    """Current risk minus ``risk_without``; never below 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureCount:
    """Failing findings of one severity, split by whether their check is about something publicly reachable."""

    severity: str
    exposed: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk of a scope on a day, with its parts, its groups, and the items that lower it most."""

    total: RiskScore
    groups: tuple[RiskGroup, ...]
    """By dimension, then highest risk first."""
    worst: WorstFinding | None
    """None when nothing fails."""
    exposed_criticals: int
    """Failing critical findings that are exposed."""
    overdue: int
    """Failing findings older than the limit of their severity."""
    top: tuple[RiskItem, ...]
    """Largest ``lowers_by`` first."""
    top_of: int
    """The number of all failing (check, account)."""
    version: str = RISK_VERSION
