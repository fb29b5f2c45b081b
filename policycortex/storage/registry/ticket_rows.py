"""Values of tickets and their steps: frozen, no SQL. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex.names import Severity, TicketStepKind, TicketStepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step to be added to a ticket."""

    kind: TicketStepKind
    content: Mapping[str, Any]
    """JSON types only: of ``create`` title, paragraphs and facts; of ``comment`` paragraphs; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A ticket of a weakness that has none."""

    number: int
    """Of the weakness."""
    marker: str
    severity: Severity
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow(NewTicket):
    """A ticket of one organisation in one tracker."""

    id: str
    organization: str
    connection: str
    is_wanted_open: bool
    """Whether it is open once all its steps are done."""
    waived: str
    """Which waivers its last comment on them names; "" for none."""
    tracker_id: str | None
    """None: it is not created yet."""
    name: str | None
    """``SEC-12``."""
    url: str | None
    created_at: datetime
    changed_at: datetime
    """When its last step was added."""
    open_steps: int
    """Steps that are not done, failed ones included."""
    failed_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow(NewStep):
    """One step of a ticket."""

    id: str
    ticket_id: str
    organization: str
    connection: str
    place: int
    """From 1 within the ticket."""
    status: TicketStepStatus
    attempt_count: int
    next_attempt_at: datetime
    created_at: datetime
    ended_at: datetime | None
    answer: str
    """The tracker's, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """What a planning adds to one ticket, in one transaction."""

    number: int
    new: NewTicket | None
    """None: the ticket exists."""
    is_wanted_open: bool
    waived: str
    steps: tuple[NewStep, ...]
