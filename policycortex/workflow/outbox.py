"""The outbox in verbs: claim, send, settle. What is sent and what is known of it can only part by a crash between two
steps, and that is told: channels that know a repeated delivery are sent again, the others are marked uncertain.
"""

import random
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from policycortex.audit.chain import COMMAND_LINE, AuditEvent
from policycortex.channels.connections import Connections, load_connections, without_secrets
from policycortex.channels.model import Channel, DeliveryContent, Receipt
from policycortex.channels.sending import check_connection, send
from policycortex.delivery.retrying import MOST_ATTEMPTS, Outcome, is_reached, next_attempt_at, paused_until
from policycortex.errors import (
    ConfigurationError,
    ConflictError,
    DeliveryDeferredError,
    DeliveryRefusedError,
    DeliveryUncertainError,
    IntegrityError,
    NotFoundError,
    UnavailableError,
)
from policycortex.requests.destinations import destination_from_json
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow, DeliveryStatus, Endpoint, Settled
from policycortex.workflow.delivery_alerts import tell_owners
from policycortex.workflow.delivery_conditions import reason_to_withhold_delivery
from policycortex.workflow.delivery_content import build_content

Clock = Callable[[], datetime]

LEASE: Final = timedelta(minutes=2)
"""A sender that has not said for so long that it lives has died; it says so every ``_BEAT_SECONDS``."""

_BEAT_SECONDS: Final = 20.0
_PERMANENT: Final = (DeliveryRefusedError, ConfigurationError, ConflictError, NotFoundError, IntegrityError)
_UNFORESEEN: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Faults of libraries or of ours: a delivery must come to a true state all the same, and hold up no other."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySummary:
    """What one round of the outbox did, by how the attempts ended."""

    outcomes: dict[str, int]

    @property
    def total(self) -> int:
        """Attempts made."""
        return sum(self.outcomes.values())


def deliver_due(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    workers: int = 4,
    lease: timedelta = LEASE,
    most_seconds: float = 600.0,
    progress: Callable[[str], None] = lambda _: None,
) -> DeliverySummary:
    """Send all that is due, ``workers`` at a time so that one silent server holds up no other; then tell owners."""
    with closing(open_registry(settings)) as registry:
        connections = load_connections(settings)
        registry.deliveries.release_deliveries(now=clock())
        _settle_lost(registry, clock())
        round_ = _Round(
            settings=settings,
            registry=registry,
            connections=connections,
            clock=clock,
            lease=lease,
            end=clock() + timedelta(seconds=most_seconds),
            progress=progress,
        )
        with round_.heartbeat(), ThreadPoolExecutor(max_workers=workers, thread_name_prefix="delivery") as pool:
            done = [future.result() for future in [pool.submit(round_.work) for _ in range(workers)]]
        tell_owners(settings, registry, connections, now=clock())
    outcomes: dict[str, int] = {}
    for outcome in (outcome for worker in done for outcome in worker):
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return DeliverySummary(outcomes=outcomes)


def has_due_deliveries(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work; one small query."""
    tells_owners = bool(load_connections(settings).alerts)
    with closing(open_registry(settings)) as registry:
        return registry.deliveries.has_due_deliveries(now=now, tells_owners=tells_owners)


def replay_delivery(settings: Settings, delivery_id: str, *, now: datetime) -> DeliveryRow:
    """Send a failed, uncertain or withheld delivery again. Raises NotFoundError, ConflictError."""
    with closing(open_registry(settings)) as registry:
        row = registry.deliveries.replay_delivery(None, delivery_id, now=now)
        act = AuditEvent(
            organization=row.organization,
            at=now,
            action="delivery_replayed",
            actor=COMMAND_LINE,
            subject=row.report_id,
            details={"delivery": row.id},
        )
        registry.audit_log.append_events(act)
        return row


def ask_connection(settings: Settings, name: str) -> str:
    """What the other side says. Raises NotFoundError, ConfigurationError, or as a delivery does."""
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
    _held: dict[str, int] = field(default_factory=dict)
    """Delivery to the number of the attempt that is on its way here."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Keep the leases of what is being sent, so that a slow sender is told from a dead one."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(is_over,), name="delivery-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def work(self) -> list[str]:
        """Claim and send until nothing is due or time is up; how each attempt ended."""
        ended = []
        while self.clock() < self.end:
            now = self.clock()
            row = self.registry.deliveries.claim_delivery(now=now, lease=self.lease, except_endpoints=self._paused(now))
            if row is None:
                break
            with self._holding(row):
                settled = self._attempt(row)
                try:
                    self.registry.deliveries.settle_delivery(row, settled, now=self.clock())
                except ConflictError:
                    self.progress(f"{row.id}: was silent for longer than its lease; the ledger has it as lost")
                    continue
            self.progress(
                f"{row.id} to {row.channel} {row.target or row.connection}: {settled.outcome} {settled.answer}"
            )
            ended.append(settled.outcome)
        return ended

    def _beat(self, is_over: threading.Event) -> None:
        while not is_over.wait(_BEAT_SECONDS):
            with self._guard:
                held = dict(self._held)
            try:
                self.registry.deliveries.extend_leases(held, until=self.clock() + self.lease)
            except UnavailableError as error:  # the lease outlasts several beats
                self.progress(f"could not say that {len(held)} deliveries are still on their way: {error}")

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
        due = self.registry.deliveries.due_endpoints(now=now)
        return tuple(endpoint for endpoint in due if _is_paused(self.registry, endpoint, now))

    def _attempt(self, row: DeliveryRow) -> Settled:
        settled, connection = self._try(row), self.connections.connections.get(row.connection)
        if connection is None:
            return settled
        receipt = {
            name: without_secrets(connection, value) if isinstance(value, str) else value
            for name, value in (settled.receipt or {}).items()
        }
        return replace(settled, answer=without_secrets(connection, settled.answer), receipt=receipt or None)

    def _try(self, row: DeliveryRow) -> Settled:
        try:
            reason = reason_to_withhold_delivery(self.settings, self.registry, row)
            if reason is not None:
                return Settled(status=DeliveryStatus.WITHHELD, outcome="withheld", answer=reason)
            with build_content(self.settings, self.registry, self.connections, row, now=self.clock()) as content:
                return self._send(row, content)
        except UnavailableError as error:
            return _deferred(row, str(error), self.clock())
        except _PERMANENT as error:
            return _refused(str(error))
        except _UNFORESEEN as error:
            return _refused(f"it could not be put together: {self._told(row, error)}")

    def _send(self, row: DeliveryRow, content: DeliveryContent) -> Settled:
        try:
            destination = destination_from_json(row.destination)
            receipt = send(self.connections, destination, content, now=self.clock())
        except DeliveryUncertainError as error:
            return _uncertain(row, str(error), self.clock())
        except DeliveryDeferredError as error:
            outcome = "deferred" if error.is_reached else "unreached"
            return _deferred(row, str(error), self.clock(), error.retry_after_seconds, outcome=outcome)
        except UnavailableError as error:
            return _deferred(row, str(error), self.clock())
        except _PERMANENT as error:
            return _refused(str(error))
        except _UNFORESEEN as error:
            return _uncertain(row, f"sending broke off: {self._told(row, error)}", self.clock())
        return Settled(
            status=DeliveryStatus.SENT, outcome="sent", answer=receipt.answer, receipt=_proof(receipt, content)
        )

    def _told(self, row: DeliveryRow, error: Exception) -> str:
        """What the ledger may hold of an unforeseen error: its kind. Its words may quote what nobody checked."""
        place = "".join(traceback.format_tb(error.__traceback__))
        self.progress(f"{row.id}: {type(error).__name__}, not foreseen, at\n{place}")
        return f"{type(error).__name__}, which was not foreseen; the run's log has the place"


def _proof(receipt: Receipt, content: DeliveryContent) -> dict[str, object]:
    return {
        "answer": receipt.answer,
        "reference": receipt.reference,
        "payload_sha256": receipt.payload_sha256,
        "files": [{"format": f.format.value, "name": f.name, "sha256": f.sha256} for f in content.files],
    }


def _settle_lost(registry: Registry, now: datetime) -> None:
    said = "the sender ended before it could note what became of it"
    for row in registry.deliveries.list_lost_deliveries(now=now):
        settled = _uncertain(row, said, now)
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


def _uncertain(row: DeliveryRow, said: str, now: datetime) -> Settled:
    if Channel(row.channel).is_idempotent:
        return _deferred(row, said, now)
    answer = f"{said}; it may have arrived, so it is not repeated: look, and replay it if it did not"
    return Settled(status=DeliveryStatus.UNCERTAIN, outcome="uncertain", answer=answer)


def _refused(said: str) -> Settled:
    return Settled(status=DeliveryStatus.FAILED, outcome="refused", answer=said)


def _deferred(
    row: DeliveryRow,
    said: str,
    now: datetime,
    retry_after_seconds: float | None = None,
    *,
    outcome: str = "deferred",
) -> Settled:
    jitter = random.random()  # noqa: S311 - spreads load, guards nothing
    again = next_attempt_at(row.attempt_count, now=now, jitter=jitter, retry_after_seconds=retry_after_seconds)
    if again is None:
        answer = f"given up after {MOST_ATTEMPTS} attempts; the last said: {said}"
        return Settled(status=DeliveryStatus.FAILED, outcome=outcome, answer=answer)
    return Settled(status=DeliveryStatus.PENDING, outcome=outcome, answer=said, next_attempt_at=again)


def _is_paused(registry: Registry, endpoint: Endpoint, now: datetime) -> bool:
    recent = [
        Outcome(at=at, is_reached=is_reached(Channel(endpoint.channel), outcome))
        for at, outcome in registry.deliveries.recent_outcomes(endpoint)
    ]
    return paused_until(recent, now=now) is not None
