"""Sends events to those who subscribed to them: claim an event, send it, settle it in the database.

An event that was sent before its sender died is sent again, with the same id: the receiver recognises it. Events have
rounds of their own, so that a slow receiver of events delays no delivery and no alert.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from policycortex.channels.connections import Connections, load_connections
from policycortex.channels.model import OutgoingEvent
from policycortex.channels.registry import ChannelRegistry
from policycortex.channels.sending import send_event
from policycortex.errors import DeliveryDeferredError, PolicyCortexError, UnavailableError
from policycortex.names import EventStatus
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.event_rows import EventRow
from policycortex.workflow.next_attempts import plan_next_attempt
from policycortex.workflow.sending_rounds import RoundOutcome, claim_lease, run_sending_round

_MOST_AT_ONCE: Final = 8
_OUTCOMES: Final[Mapping[EventStatus, RoundOutcome]] = MappingProxyType(
    {EventStatus.SENT: RoundOutcome.SENT, EventStatus.PENDING: RoundOutcome.AGAIN}
)
_TRY_LATER: Final = (DeliveryDeferredError, UnavailableError)


def has_due_events(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work. One small query."""
    with closing(open_registry(settings)) as registry:
        return registry.subscriptions.has_due_events(now=now)


def send_due_events(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
    channels: ChannelRegistry | None = None,
) -> int:
    """Send the events that are due; how many were sent.

    Events of one subscription are sent one after the other, oldest first, those of several at the same time. A receiver
    that cannot take one now gets the others in the next round.
    """
    with closing(open_registry(settings)) as registry:
        connections = load_connections(settings, channels)
        round_ = _Round(registry=registry, connections=connections, clock=clock, progress=progress)
        return round_.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    registry: Registry
    connections: Connections
    clock: Callable[[], datetime]
    progress: Callable[[str], None]

    def run(self) -> int:
        """Claim and send until nothing is due or the time limit is reached."""
        return run_sending_round(
            self._claim,
            self._deliver,
            group_of=attrgetter("subscription_id"),
            most_at_once=_MOST_AT_ONCE,
            name="events",
        )

    def _claim(self, except_subscriptions: set[str]) -> EventRow | None:
        lease = claim_lease(self.connections.connections.values())
        return self.registry.subscriptions.claim_event(
            now=self.clock(), lease=lease, except_subscriptions=except_subscriptions
        )

    def _deliver(self, row: EventRow) -> RoundOutcome:
        """Send and settle one event."""
        status, answer, again = self._send(row)
        self.registry.subscriptions.settle_event(row, status, answer, now=self.clock(), next_attempt_at=again)
        self.progress(f"{row.kind.value} {row.event_id} to {row.subscription_id}: {status.value} {answer}")
        return _OUTCOMES.get(status, RoundOutcome.ENDED)

    def _send(self, row: EventRow) -> tuple[EventStatus, str, datetime | None]:
        """Status, answer, and the time of the next attempt, where there is one."""
        event = OutgoingEvent(
            id=row.event_id,
            kind=row.kind.value,
            organization=row.organization,
            occurred_at=row.occurred_at,
            data=row.data,
        )
        name = ""
        try:
            wanted = self.registry.subscriptions.get_subscription(row.organization, row.subscription_id)
            name, organizations = wanted.connection, self.registry.reports.list_organizations()
            receipt = send_event(
                self.connections, name, wanted.url, event, now=self.clock(), organizations=organizations
            )
        except _TRY_LATER as error:
            seconds = error.retry_after_seconds if isinstance(error, DeliveryDeferredError) else None
            return self._deferred(row, self.connections.hide_secrets(name, str(error)), seconds)
        except PolicyCortexError as error:
            return EventStatus.FAILED, self.connections.hide_secrets(name, str(error)), None
        return EventStatus.SENT, self.connections.hide_secrets(name, receipt.answer), None

    def _deferred(
        self, row: EventRow, reason: str, retry_after_seconds: float | None
    ) -> tuple[EventStatus, str, datetime | None]:
        again, shown = plan_next_attempt(
            row.attempt_count, reason, now=self.clock(), retry_after_seconds=retry_after_seconds
        )
        return EventStatus.FAILED if again is None else EventStatus.PENDING, shown, again
