"""Values of subscriptions and their events: frozen, no SQL. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex.names import EventKind, EventStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What is subscribed to, and where events go."""

    name: str
    connection: str
    """Of type webhook."""
    url: str
    """"" is the connection's own."""
    kinds: tuple[EventKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow(NewSubscription):
    """A subscription of an organisation."""

    id: str
    organization: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event for one subscription."""

    id: str
    event_id: str
    """The same for all subscriptions and in all attempts."""
    subscription_id: str
    organization: str
    kind: EventKind
    data: Mapping[str, Any]
    occurred_at: datetime
    status: EventStatus
    attempt_count: int
    next_attempt_at: datetime
    ended_at: datetime | None
    answer: str
    """The receiver's, or why there is none."""
