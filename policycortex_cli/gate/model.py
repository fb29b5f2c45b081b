"""The values of a gate: its limits, what it read, and its verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from policycortex.names import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What the posture is compared with. At least one of the first two is given."""

    framework: str
    min_score_pct: float | None
    """0-100; None: any score passes."""
    no_new: tuple[Severity, ...]
    """Severities of which no finding may be new, worst first."""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Query parameters of the API: which findings are judged. Empty: all."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Severities whose failing findings are listed."""
        return self.no_new or (Severity.CRITICAL, Severity.HIGH)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """One failing finding that counts: neither muted nor waived."""

    provider: str
    account_id: str
    region: str
    check_id: str
    resource_uid: str
    severity: Severity
    title: str
    detail: str
    requirements: tuple[str, ...]
    remediation: str

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What stays the same from scan to scan."""
        return self.provider, self.account_id, self.region, self.check_id, self.resource_uid


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReading:
    """The posture at one time."""

    label: str
    """For people: ``now``, or what the earlier time is that of."""
    as_of: datetime
    score_pct: float | None
    """0-100, rounded as the API does; None: nothing was assessed."""
    findings: tuple[GateFinding, ...]
    """Those of the severities that the gate lists."""
    unmet: tuple[tuple[str, str], ...]
    """Id and title of each requirement that findings show as not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCondition:
    """One limit and whether it holds."""

    name: str
    wanted: str
    found: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """What the gate found."""

    limits: GateLimits
    now: GateReading
    before: GateReading | None
    """What is compared with; None without such a limit."""
    conditions: tuple[GateCondition, ...]
    new: tuple[GateFinding, ...]
    """Failing now, and not failing before; empty without a reading before."""
    ended: tuple[GateFinding, ...]
    """Failing before and not now: remediated, waived, muted, or no longer scanned."""

    @property
    def is_passed(self) -> bool:
        """Whether every limit holds."""
        return all(condition.is_met for condition in self.conditions)
