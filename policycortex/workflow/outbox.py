"""The outbox: claim a delivery, send it, settle it in the database.

Only a crash between two steps can separate what was sent from what is recorded. Such a delivery is sent again if its
channel recognises repeated deliveries; otherwise it is marked uncertain.
"""

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from policycortex.audit.chain import COMMAND_LINE, AuditEvent
from policycortex.channels.connections import Connections, load_connections, without_secrets
from policycortex.channels.model import DeliveryContent, Receipt
from policycortex.channels.registry import ChannelRegistry
from policycortex.channels.sending import check_connection, send
from policycortex.delivery.conditions import Condition
from policycortex.delivery.retrying import Outcome, is_reached, paused_until
from policycortex.errors import (
    UNEXPECTED_ERRORS,
    ConfigurationError,
    ConflictError,
    DeliveryDeferredError,
    DeliveryRefusedError,
    DeliveryUncertainError,
    IntegrityError,
    NotFoundError,
    UnavailableError,
)
from policycortex.names import DeliveryStatus
from policycortex.requests.destinations import destination_from_json
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow, Endpoint, Settled
from policycortex.storage.registry.send_limits import SendLimits
from policycortex.tracing.spans import TraceSpan, tracing_of
from policycortex.workflow.delivery_conditions import condition_of, reason_to_withhold_delivery
from policycortex.workflow.delivery_content import build_content
from policycortex.workflow.fresh_scans import LOOK_AGAIN
from policycortex.workflow.next_attempts import plan_next_attempt

Clock = Callable[[], datetime]

LEASE: Final = timedelta(minutes=2)
"""A sender that has not renewed its lease for so long is dead; it renews it every ``_BEAT_SECONDS``."""

_BEAT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 4
"""Contents that are built at the same time: each may read the lake, which takes memory."""
_PERMANENT: Final = (DeliveryRefusedError, ConfigurationError, ConflictError, NotFoundError, IntegrityError)


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """Number of attempts of one round of the outbox, by outcome."""

    outcomes: dict[str, int]

    @property
    def total(self) -> int:
        """Number of attempts."""
        return sum(self.outcomes.values())


def deliver_due(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    workers: int = 16,
    lease: timedelta = LEASE,
    most_seconds: float = 600.0,
    progress: Callable[[str], None] = lambda _: None,
    channels: ChannelRegistry | None = None,
    find_trace: Callable[[str], str | None] = lambda _: None,
) -> DeliverySummary:
    """Send all due deliveries. Alerts of failed ones have a round of their own (``delivery_alerts``).

    At most ``workers`` deliveries are sent at a time, of which ``SendLimits`` gives one organisation and one endpoint
    a part only. ``channels`` defaults to the product's own. ``find_trace`` gives the span
    that the deliveries of a report belong to, by the report's id.
    """
    with closing(open_registry(settings)) as registry:
        connections = load_connections(settings, channels)
        registry.deliveries.release_deliveries(now=clock())
        _settle_lost(registry, connections.channels, clock())
        round_ = _Round(
            settings=settings,
            registry=registry,
            connections=connections,
            clock=clock,
            lease=lease,
            end=clock() + timedelta(seconds=most_seconds),
            progress=progress,
            find_trace=find_trace,
        )
        with round_.heartbeat():
            finished = round_.run(workers)
    outcomes: dict[str, int] = {}
    for outcome in finished:
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return DeliverySummary(outcomes=outcomes)


def has_due_deliveries(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work. One small query."""
    connections = load_connections(settings)
    with closing(open_registry(settings)) as registry:
        return registry.deliveries.has_due_deliveries(now=now, limits=_limits(connections.channels))


def replay_delivery(settings: Settings, delivery_id: str, *, now: datetime) -> DeliveryRow:
    """Send a failed, uncertain, withheld or cancelled delivery again. Raises NotFoundError, ConflictError."""
    with closing(open_registry(settings)) as registry:
        row = registry.deliveries.replay_delivery(None, delivery_id, now=now)
        registry.audit_log.append_events(_change("delivery_replayed", row, now))
        return row


def cancel_delivery(settings: Settings, delivery_id: str, *, now: datetime) -> DeliveryRow:
    """Cancel a delivery that waits to be sent. Raises NotFoundError, ConflictError."""
    with closing(open_registry(settings)) as registry:
        row = registry.deliveries.cancel_delivery(None, delivery_id, now=now)
        registry.audit_log.append_events(_change("delivery_cancelled", row, now))
        return row


def _change(action: str, row: DeliveryRow, now: datetime) -> AuditEvent:
    return AuditEvent(
        organization=row.organization,
        at=now,
        action=action,
        actor=COMMAND_LINE,
        subject=row.report_id,
        details={"delivery": row.id},
    )


def try_connection(settings: Settings, name: str) -> str:
    """Connect and log in without sending; the receiver's answer. Raises NotFoundError, ConfigurationError, or as a
    delivery does."""
    return check_connection(load_connections(settings), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One round of the outbox, shared by its workers."""

    settings: Settings
    registry: Registry
    connections: Connections
    clock: Clock
    lease: timedelta
    end: datetime
    progress: Callable[[str], None]
    find_trace: Callable[[str], str | None]
    _held: dict[str, int] = field(default_factory=dict)
    """Delivery id to the number of the attempt that this process is sending."""
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _building: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_MOST_AT_ONCE))

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Renew the leases of deliveries that are being sent, which distinguishes a slow sender from a dead one."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(is_over,), name="delivery-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def run(self, workers: int) -> list[str]:
        """Claim and send until nothing is due or the time limit is reached; the outcome of each attempt.

        While some are being sent, deliveries that become due are claimed as well: a receiver that is slow for as long
        as it may be delays nobody else's.
        """
        outcomes: list[str | None] = []
        running: set[Future[str | None]] = set()
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="delivery") as pool:
            while True:
                row = self._claim() if len(running) < workers else None
                if row is not None:
                    running.add(pool.submit(self._deliver, row))
                    continue
                if not running:
                    break
                ended, running = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                outcomes += [future.result() for future in ended]
                if not ended:
                    self.registry.deliveries.release_deliveries(now=self.clock())
        return [outcome for outcome in outcomes if outcome is not None]

    def _claim(self) -> DeliveryRow | None:
        now = self.clock()
        if now >= self.end:
            return None
        return self.registry.deliveries.claim_delivery(
            now=now, lease=self.lease, except_endpoints=self._paused(now), limits=_limits(self.connections.channels)
        )

    def _deliver(self, row: DeliveryRow) -> str | None:
        """Send and settle one delivery; the outcome, or None if the lease was lost."""
        with self._holding(row), self._span(row) as span:
            settled = self._attempt(row)
            span.note({"policycortex.outcome": settled.outcome})
            try:
                self.registry.deliveries.settle_delivery(row, settled, now=self.clock())
            except ConflictError:
                self.progress(f"{row.id}: the lease expired before the attempt ended; the database has it as lost")
                return None
        self.progress(f"{row.id} to {row.channel} {row.target or row.connection}: {settled.outcome} {settled.answer}")
        return settled.outcome

    def _span(self, row: DeliveryRow) -> AbstractContextManager[TraceSpan]:
        facts = {
            "policycortex.report_id": row.report_id,
            "policycortex.delivery_id": row.id,
            "policycortex.channel": row.channel,
        }
        return tracing_of(self.settings).span(f"deliver {row.channel}", facts, parent=self.find_trace(row.report_id))

    def _beat(self, is_over: threading.Event) -> None:
        while not is_over.wait(_BEAT_SECONDS):
            with self._guard:
                held = dict(self._held)
            try:
                self.registry.deliveries.extend_leases(held, until=self.clock() + self.lease)
            except UnavailableError as error:  # a lease lasts for several heartbeats
                self.progress(f"could not renew the leases of {len(held)} deliveries: {error}")

    @contextmanager
    def _holding(self, row: DeliveryRow) -> Iterator[None]:
        with self._guard:
            self._held[row.id] = row.number
        try:
            yield
        finally:
            with self._guard:
                del self._held[row.id]

    def _paused(self, now: datetime) -> tuple[Endpoint, ...]:
        per_target = _limits(self.connections.channels).channels_per_target
        due = self.registry.deliveries.due_endpoints(now=now, channels_per_target=per_target)
        recent = self.registry.deliveries.recent_outcomes(due)
        return tuple(endpoint for endpoint in due if self._is_paused(endpoint, recent[endpoint], now))

    def _is_paused(self, endpoint: Endpoint, ended: Sequence[tuple[datetime, str]], now: datetime) -> bool:
        channel = self.connections.channels.find(endpoint.channel)
        defers_single_targets = channel is not None and channel.defers_single_targets
        recent = [
            Outcome(at=at, is_reached=is_reached(outcome, defers_single_targets=defers_single_targets))
            for at, outcome in ended
        ]
        return paused_until(recent, now=now) is not None

    def _attempt(self, row: DeliveryRow) -> Settled:
        settled, connection = self._build_and_send(row), self.connections.connections.get(row.connection)
        if connection is None:
            return settled
        receipt = {
            name: without_secrets(connection, value) if isinstance(value, str) else value
            for name, value in (settled.receipt or {}).items()
        }
        return replace(settled, answer=without_secrets(connection, settled.answer), receipt=receipt or None)

    def _build_and_send(self, row: DeliveryRow) -> Settled:
        try:
            with ExitStack() as stack:
                with self._building:
                    reason = reason_to_withhold_delivery(self.settings, self.registry, row, now=self.clock())
                    if reason is not None:
                        return _withheld(row, reason, self.clock())
                    content = stack.enter_context(
                        build_content(self.settings, self.registry, self.connections, row, now=self.clock())
                    )
                return self._send(row, content)
        except UnavailableError as error:
            return _deferred(row, str(error), self.clock())
        except _PERMANENT as error:
            return _refused(str(error))
        except UNEXPECTED_ERRORS as error:
            return _refused(f"its content could not be built: {self._describe(row, error)}")

    def _send(self, row: DeliveryRow, content: DeliveryContent) -> Settled:
        try:
            destination = destination_from_json(row.destination)
            organizations = self.registry.reports.list_organizations()
            receipt = send(self.connections, destination, content, now=self.clock(), organizations=organizations)
        except DeliveryUncertainError as error:
            return self._uncertain(row, str(error))
        except DeliveryDeferredError as error:
            outcome = "deferred" if error.is_reached else "unreached"
            return _deferred(row, str(error), self.clock(), error.retry_after_seconds, outcome=outcome)
        except UnavailableError as error:
            return _deferred(row, str(error), self.clock())
        except _PERMANENT as error:
            return _refused(str(error))
        except UNEXPECTED_ERRORS as error:
            return self._uncertain(row, f"sending was interrupted: {self._describe(row, error)}")
        return Settled(
            status=DeliveryStatus.SENT, outcome="sent", answer=receipt.answer, receipt=_receipt_json(receipt, content)
        )

    def _uncertain(self, row: DeliveryRow, reason: str) -> Settled:
        return _uncertain(self.connections.channels, row, reason, self.clock())

    def _describe(self, row: DeliveryRow, error: Exception) -> str:
        """An unexpected error for the database: its type only, because its message may quote a secret."""
        stack = "".join(traceback.format_tb(error.__traceback__))
        self.progress(f"{row.id}: unexpected {type(error).__name__} at\n{stack}")
        return f"unexpected {type(error).__name__}; the run's log has the traceback"


def _limits(channels: ChannelRegistry) -> SendLimits:
    per_target = frozenset(channel.name for channel in channels if channel.has_endpoint_per_target)
    return SendLimits(channels_per_target=per_target)


def _receipt_json(receipt: Receipt, content: DeliveryContent) -> dict[str, object]:
    return {
        "answer": receipt.answer,
        "reference": receipt.reference,
        "payload_sha256": receipt.payload_sha256,
        "files": [{"format": f.format.value, "name": f.name, "sha256": f.sha256} for f in content.files],
    }


def _settle_lost(registry: Registry, channels: ChannelRegistry, now: datetime) -> None:
    """Settle deliveries whose sender died, as attempts with an unknown result."""
    reason = "the sender ended before it recorded the result"
    for row in registry.deliveries.list_lost_deliveries(now=now):
        settled = _uncertain(channels, row, reason, now)
        try:
            registry.deliveries.settle_delivery(
                row,
                Settled(
                    status=settled.status,
                    outcome="lost",
                    answer=settled.answer,
                    next_attempt_at=settled.next_attempt_at,
                ),
                now=now,
            )
        except ConflictError:
            continue  # its sender was slow, not dead


def _uncertain(channels: ChannelRegistry, row: DeliveryRow, reason: str, now: datetime) -> Settled:
    """Try again where a repeated delivery is harmless; otherwise, and for an unknown channel, leave it to a person."""
    channel = channels.find(row.channel)
    if channel is not None and channel.is_idempotent:
        return _deferred(row, reason, now)
    answer = f"{reason}; it may have arrived, so it is not repeated: ask the receiver, and replay it if it did not"
    return Settled(status=DeliveryStatus.UNCERTAIN, outcome="uncertain", answer=answer)


def _withheld(row: DeliveryRow, reason: str, now: datetime) -> Settled:
    is_waiting = condition_of(row) is Condition.FRESH_WITHIN
    return Settled(
        status=DeliveryStatus.WITHHELD,
        outcome="withheld",
        answer=reason,
        next_attempt_at=now + LOOK_AGAIN if is_waiting else None,
        is_waiting_for_scan=is_waiting,
    )


def _refused(reason: str) -> Settled:
    return Settled(status=DeliveryStatus.FAILED, outcome="refused", answer=reason)


def _deferred(
    row: DeliveryRow,
    reason: str,
    now: datetime,
    retry_after_seconds: float | None = None,
    *,
    outcome: str = "deferred",
) -> Settled:
    again, answer = plan_next_attempt(row.attempt_count, reason, now=now, retry_after_seconds=retry_after_seconds)
    status = DeliveryStatus.FAILED if again is None else DeliveryStatus.PENDING
    return Settled(status=status, outcome=outcome, answer=answer, next_attempt_at=again)
