"""Values of risk: the weights that an installation may change, and the results. No rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isclose
from typing import Final

import polars as pl

from policycortex.errors import ConfigurationError
from policycortex.names import UNKNOWN_ENVIRONMENT, Severity
from policycortex.scoring.ages import SLA_DAYS
from policycortex.scoring.models import SEVERITY_WEIGHTS

RISK_VERSION: Final = "2"

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
        "passed": pl.Int64,
        "failed": pl.Int64,
    }
)
"""Grain: findings that differ only in resource; failing ones are grouped by ``failing_since``, null for passing ones.

``failed`` excludes muted and waived findings, which are accepted risk.
"""


class RiskPart(StrEnum):
    """The parts of a failing finding's risk."""

    SEVERITY = "severity"
    EXPOSURE = "exposure"
    AGE = "age"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskWeights:
    """The weights of risk. Raises ConfigurationError when they cannot give a score from 0 to 100."""

    parts: Mapping[RiskPart, float] = field(
        default_factory=lambda: {
            RiskPart.SEVERITY: 0.4,
            RiskPart.EXPOSURE: 0.2,
            RiskPart.AGE: 0.2,
            RiskPart.ENVIRONMENT: 0.2,
        }
    )
    """Shares that add up to 1."""
    severity: Mapping[str, float] = field(default_factory=lambda: dict(SEVERITY_WEIGHTS))
    """Weight of one finding; above 0."""
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
    """A check with one of these in its id or title is about something that is publicly reachable."""

    def __post_init__(self) -> None:
        problems = [
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskScore:
    """0 (no failing finding) to 100 (all fail, exposed, overdue, in the most critical environment)."""

    value: float | None
    """Sum of ``parts``; None when nothing was assessed, because an unknown risk is not a low risk."""
    parts: Mapping[RiskPart, float]
    """Points by part; all 0 when nothing was assessed."""
    failed: int
    assessed: int


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
    top: tuple[RiskItem, ...]
    """Largest ``lowers_by`` first."""
    top_of: int
    """The number of all failing (check, account)."""
    version: str = RISK_VERSION
