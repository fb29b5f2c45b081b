"""What the registry hands out and takes in about schedules and deliveries: frozen values, no SQL. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from policycortex.names import ReportType


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One destination a report is to go to once it is completed."""

    destination: Mapping[str, Any]
    """As ``policycortex.requests`` wrote it: JSON types only, no secret."""
    key: str
    """Equal for equal places; with the report's id it is unique."""
    channel: str
    connection: str
    target: str
    condition: Mapping[str, Any] | None = None
    """When it is worth sending; None: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """A report that a tick orders."""

    id: str
    organization: str
    name: str
    type: ReportType
    framework: str | None
    description: str
    order: Mapping[str, Any]
    due_at: datetime
    created_by: str | None = None
    deliveries: tuple[NewDelivery, ...] = ()
    sealed_password: str | None = field(default=None, repr=False)
    """As the vault sealed it; gone when the report has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A standing order."""

    id: str
    organization: str
    name: str
    description: str
    cron: str
    timezone: str
    body: Mapping[str, Any]
    """The checked request: ``report_template`` and ``delivery`` as they were given."""
    is_enabled: bool
    misfire: str
    grace_seconds: int
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    revision: int
    """Goes up with every change; a claim made for an older one is void."""
    next_tick_at: datetime | None
    """The first tick nobody has dealt with; None while disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickClaim:
    """What becomes of one due tick: a report, or the reason why none."""

    tick: datetime
    report: NewReport | None = None
    reason: str = ""
    is_manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRow:
    """One tick that was dealt with, with its report's state now."""

    schedule_id: str
    tick: datetime
    claimed_at: datetime
    is_manual: bool
    reason: str
    """Why it was skipped; "" when it made a report."""
    report_id: str | None
    report_status: str | None
    run_id: str | None
    completed_at: datetime | None


class DeliveryStatus(StrEnum):
    """Where a delivery stands. All but the first three are ends, which only a replay leaves."""

    WAITING = "waiting"
    """For its report to be completed."""
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Refused, or deferred too often: the dead letters."""
    UNCERTAIN = "uncertain"
    WITHHELD = "withheld"
    """Its condition was not met."""
    ABANDONED = "abandoned"
    """Its report never came."""


REPLAYABLE = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN, DeliveryStatus.WITHHELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One try of one delivery."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """``sent, refused, deferred, unreached, uncertain, withheld, lost``; None while it is on its way."""
    answer: str
    payload_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One report to one destination."""

    id: str
    organization: str
    report_id: str
    schedule_id: str | None
    channel: str
    connection: str
    target: str
    destination: Mapping[str, Any]
    condition: Mapping[str, Any] | None
    status: DeliveryStatus
    attempt_count: int
    """Since it was made or replayed; the ledger keeps all."""
    number: int
    """Of the newest attempt in the ledger, 0 before the first."""
    next_attempt_at: datetime
    lease_until: datetime | None
    created_at: datetime
    ended_at: datetime | None
    reason: str
    """Why it stands where it stands, for people."""
    receipt: Mapping[str, Any] | None
    """``answer``, ``reference``, ``payload_sha256`` of what was sent."""
    alert_count: int
    attempts: tuple[AttemptRow, ...] = ()
    """Oldest first; empty in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that answers or does not: a connection, or each target of channels that have one server per target."""

    channel: str
    connection: str
    target: str
    """"" if the whole connection is one endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How an attempt ended, and where the delivery stands after it."""

    status: DeliveryStatus
    outcome: str
    answer: str
    next_attempt_at: datetime | None = None
    """Only with ``pending``."""
    receipt: Mapping[str, Any] | None = None
