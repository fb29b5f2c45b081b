"""Values of schedules and deliveries: frozen, no SQL. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policycortex.names import DeliveryStatus, ReportType
from policycortex.storage.registry.rows import Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One destination of a report after its completion."""

    destination: Mapping[str, Any]
    """From ``policycortex.requests``: JSON types only, no secret."""
    key: str
    """Equal for equal destinations; unique together with the report's id."""
    channel: str
    connection: str
    target: str
    condition: Mapping[str, Any] | None = None
    """The condition for sending; None: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """A report that a tick requests."""

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
    """Encrypted by the key store; deleted when the report has ended."""
    sharing: Sharing = field(default_factory=Sharing)
    """Who may see it."""
    expected_at: datetime | None = None
    """When it is expected, as the answer to its request says; None where there is none."""
    more_frameworks: tuple[str, ...] = ()
    """Several frameworks, by each of which lists find it; ``framework`` is then their combined id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule."""

    id: str
    organization: str
    name: str
    description: str
    cron: str
    timezone: str
    body: Mapping[str, Any]
    """The validated request: ``report_template`` and ``delivery`` as they were given."""
    is_enabled: bool
    misfire: str
    grace_seconds: int
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    revision: int
    """Increases with every change; a claim for an older revision is invalid."""
    next_tick_at: datetime | None
    """The first tick that is not yet processed; None while disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickClaim:
    """The result of one due tick: a report, or the reason why there is none."""

    tick: datetime
    report: NewReport | None = None
    reason: str = ""
    is_manual: bool = False
    part: str = ""
    """Name of the part of a schedule that makes several reports at each tick; "" of one that makes one."""
    is_invalid: bool = False
    """No report could be requested, other than by the policy for missed ticks: the owner is alerted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRow:
    """One processed tick, with its report's current state."""

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
    part: str = ""
    """As ``TickClaim.part``."""
    is_invalid: bool = False
    """No report could be requested, as ``reason`` says; False for a tick that was skipped."""
    delivery_status: DeliveryStatus | None = None
    """The worst status of the report's deliveries, failed first and sent last; None without deliveries."""


REPLAYABLE = (
    DeliveryStatus.FAILED,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.WITHHELD,
    DeliveryStatus.CANCELLED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt of one delivery."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    """``sent, refused, deferred, unreached, uncertain, withheld, lost``; None while it runs."""
    answer: str
    payload_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """The delivery of one report to one destination."""

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
    """Attempts since it was created or replayed; the table of attempts keeps all."""
    number: int
    """Number of the newest attempt; 0 before the first."""
    next_attempt_at: datetime
    lease_until: datetime | None
    created_at: datetime
    ended_at: datetime | None
    """None also for a withheld one that waits for newer scans."""
    reason: str
    """The reason of its status, for people."""
    receipt: Mapping[str, Any] | None
    """``answer``, ``reference``, ``payload_sha256`` of what was sent."""
    attempts: tuple[AttemptRow, ...] = ()
    """Oldest first; empty in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server: a connection, or each target of channels with one server per target."""

    channel: str
    connection: str
    target: str
    """"" if the whole connection is one endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How an attempt ended, and the delivery's status after it."""

    status: DeliveryStatus
    outcome: str
    answer: str
    next_attempt_at: datetime | None = None
    """Only with ``pending``, or when it waits for a scan."""
    is_waiting_for_scan: bool = False
    """With ``withheld``: it has not ended, and is sent after newer scans were imported."""
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A claimed alert: deliveries of one report over one connection, a failed report, a tick, or an attestation."""

    id: str
    """The same in all attempts."""
    organization: str
    kind: str
    """``delivery``, ``report``, ``tick`` or ``attestation``."""
    report_id: str | None
    schedule_id: str | None
    channel: str | None
    connection: str | None
    tick: datetime | None
    attempt_count: int
    created_at: datetime
    reason: str
    """Why a tick could request no report, or what contradicts an attestation; else ""."""
