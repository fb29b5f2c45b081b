"""Carries out the steps of tickets: claim a step, look up whether it was done, do it, settle it in the database.

A sender can die at any point. The claim is committed before the first call to the tracker, and each step looks up its
own effect first: a ticket and a comment by their markers, the state by reading it. A step that may have been done
is tried again only after some minutes, because the search of a tracker does not show a new ticket at once.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from policycortex.channels.connection_settings import Connection
from policycortex.channels.connections import Connections, load_connections
from policycortex.channels.registry import ChannelRegistry
from policycortex.channels.sending import call_tracker
from policycortex.channels.tracker import TicketComment, TicketDraft, TicketPlace, TicketText, Tracker
from policycortex.errors import (
    UNEXPECTED_ERRORS,
    DeliveryDeferredError,
    DeliveryUncertainError,
    IntegrityError,
    PolicyCortexError,
    UnavailableError,
)
from policycortex.names import TicketStepKind
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.ticket_rows import StepRow, TicketRow
from policycortex.workflow.next_attempts import plan_next_attempt
from policycortex.workflow.sending_rounds import RoundOutcome, claim_lease, run_sending_round

LOOKED_UP_AFTER: Final = timedelta(minutes=5)
"""What may have been done is looked up after this time."""
_MOST_AT_ONCE: Final = 8
_Done = tuple[str, TicketPlace | None]
"""The tracker's answer, and where a created ticket is."""


def has_due_tickets(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work. One small query."""
    with closing(open_registry(settings)) as registry:
        return registry.tickets.has_due_steps(now=now)


def send_due_tickets(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
    channels: ChannelRegistry | None = None,
) -> int:
    """Carry out the steps that are due; how many were done.

    Steps of one connection are done one after the other, as trackers ask for, those of several at the same time. After
    one that must be tried again, the connection's others wait for the next round.
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
            self._claim, self._send, group_of=attrgetter("connection"), most_at_once=_MOST_AT_ONCE, name="tickets"
        )

    def _claim(self, except_connections: set[str]) -> StepRow | None:
        lease = claim_lease(self.connections.connections.values()) + LOOKED_UP_AFTER
        return self.registry.tickets.claim_step(now=self.clock(), lease=lease, except_connections=except_connections)

    def _send(self, row: StepRow) -> RoundOutcome:
        """Carry out and settle one claimed step."""
        try:
            answer, place = self._done(row)
        except DeliveryUncertainError as error:
            return self._deferred(row, str(error), LOOKED_UP_AFTER)
        except UnavailableError as error:
            requested = error.retry_after_seconds if isinstance(error, DeliveryDeferredError) else None
            return self._deferred(row, str(error), None if requested is None else timedelta(seconds=requested))
        except PolicyCortexError as error:
            return self._failed(row, str(error))
        except UNEXPECTED_ERRORS as error:
            return self._deferred(row, f"unexpected {type(error).__name__} in the answer", LOOKED_UP_AFTER)
        shown = self.connections.hide_secrets(row.connection, answer)
        self.registry.tickets.settle_done(row, shown, now=self.clock(), place=place)
        self.progress(f"{row.ticket_id} {row.kind.value}: {shown}")
        return RoundOutcome.SENT

    def _done(self, row: StepRow) -> _Done:
        ticket = self.registry.tickets.get_ticket(row.organization, row.ticket_id)
        organizations: Collection[str] = self.registry.reports.list_organizations()

        def call(tracker: Tracker[Any], connection: Connection) -> _Done:
            return _STEPS[row.kind](tracker, connection, row, ticket)

        return call_tracker(self.connections, row.connection, row.organization, call, organizations=organizations)

    def _deferred(self, row: StepRow, reason: str, requested: timedelta | None) -> RoundOutcome:
        seconds = None if requested is None else requested.total_seconds()
        again, reason = plan_next_attempt(row.attempt_count, reason, now=self.clock(), retry_after_seconds=seconds)
        if again is None:
            return self._failed(row, reason)
        rest_until = None if requested is None else self.clock() + requested
        shown = self.connections.hide_secrets(row.connection, reason)
        self.registry.tickets.settle_deferred(row, shown, again=again, rest_until=rest_until)
        self.progress(f"{row.ticket_id} {row.kind.value} again at {again:%H:%M:%S}: {shown}")
        return RoundOutcome.AGAIN

    def _failed(self, row: StepRow, reason: str) -> RoundOutcome:
        shown = self.connections.hide_secrets(row.connection, reason)
        self.registry.tickets.settle_failed(row, shown, now=self.clock())
        self.progress(f"{row.ticket_id} {row.kind.value} failed: {shown}")
        return RoundOutcome.ENDED


def _create(tracker: Tracker[Any], connection: Connection, row: StepRow, ticket: TicketRow) -> _Done:
    """An earlier attempt may have created it, also one that an older backup of the registry does not know."""
    found = tracker.find(connection, ticket.marker)
    if found is not None:
        return f"found {found.name}", found
    content = row.content
    text = TicketText(
        title=content["title"],
        paragraphs=tuple(content["paragraphs"]),
        facts=tuple((label, value) for label, value in content["facts"]),
    )
    draft = TicketDraft(marker=ticket.marker, severity=ticket.severity, text=text)
    created = tracker.create(connection, draft)
    return f"created {created.name}", created


def _comment(tracker: Tracker[Any], connection: Connection, row: StepRow, ticket: TicketRow) -> _Done:
    place = _place_of(ticket)
    if tracker.has_comment(connection, place, row.id):
        return "it is there already", None
    written = TicketComment(marker=row.id, paragraphs=tuple(row.content["paragraphs"]))
    return tracker.comment(connection, place, written), None


def _close(tracker: Tracker[Any], connection: Connection, _row: StepRow, ticket: TicketRow) -> _Done:
    return tracker.set_open(connection, _place_of(ticket), False), None


def _reopen(tracker: Tracker[Any], connection: Connection, _row: StepRow, ticket: TicketRow) -> _Done:
    return tracker.set_open(connection, _place_of(ticket), True), None


_Step = Callable[[Tracker[Any], Connection, StepRow, TicketRow], _Done]
_STEPS: Final[Mapping[TicketStepKind, _Step]] = MappingProxyType(
    {
        TicketStepKind.CREATE: _create,
        TicketStepKind.COMMENT: _comment,
        TicketStepKind.CLOSE: _close,
        TicketStepKind.REOPEN: _reopen,
    }
)


def _place_of(ticket: TicketRow) -> str:
    if ticket.tracker_id is None:
        raise IntegrityError(f"ticket {ticket.id} was not created, and a later step of it is due")
    return ticket.tracker_id
