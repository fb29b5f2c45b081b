"""The outbox in verbs: claim, send, settle. What is sent and what is known of it can only part by a crash between two
steps, and that is told: channels that know a repeated delivery are sent again, the others are marked uncertain.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from policycortex.delivery.connections import Connections, load_connections
from policycortex.delivery.model import Channel
from policycortex.delivery.retrying import MOST_ATTEMPTS, Outcome, next_attempt_at, paused_until
from policycortex.delivery.sending import check_connection, send
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
from policycortex.ordering.destinations import destination_from_json
from policycortex.proof.chain import COMMAND_LINE, Act
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow, DeliveryStatus, Settled
from policycortex.workflow.delivery_alerts import tell_owners
from policycortex.workflow.delivery_conditions import reason_to_withhold_delivery
from policycortex.workflow.delivery_content import gather_content

Clock = Callable[[], datetime]

LEASE: Final = timedelta(minutes=15)
"""Longer than any single sending takes; a sender that is silent for so long has died."""

_PERMANENT: Final = (DeliveryRefusedError, ConfigurationError, NotFoundError, IntegrityError)
_UNREACHED: Final = frozenset({"deferred", "lost"})


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
        registry.release_deliveries(now=clock())
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
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="delivery") as pool:
            done = [future.result() for future in [pool.submit(round_.work) for _ in range(workers)]]
        tell_owners(settings, registry, connections, now=clock())
    outcomes: dict[str, int] = {}
    for outcome in (outcome for worker in done for outcome in worker):
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return DeliverySummary(outcomes=outcomes)


def has_due_deliveries(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work; one small query."""
    with closing(open_registry(settings)) as registry:
        return registry.has_due_deliveries(now=now)


def replay_delivery(settings: Settings, delivery_id: str, *, now: datetime) -> DeliveryRow:
    """Send a failed, uncertain or withheld delivery again. Raises NotFoundError, ConflictError."""
    with closing(open_registry(settings)) as registry:
        row = registry.replay_delivery(None, delivery_id, now=now)
        act = Act(
            organization=row.organization,
            at=now,
            action="delivery_replayed",
            actor=COMMAND_LINE,
            subject=row.report_id,
            details={"delivery": row.id},
        )
        registry.append_acts(act)
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

    def work(self) -> list[str]:
        """Claim and send until nothing is due or time is up; how each attempt ended."""
        ended = []
        while self.clock() < self.end:
            now = self.clock()
            row = self.registry.claim_delivery(now=now, lease=self.lease, except_connections=self._paused(now))
            if row is None:
                break
            settled = self._attempt(row)
            try:
                self.registry.settle_delivery(row, settled, now=self.clock())
            except ConflictError:
                self.progress(f"{row.id}: took longer than its lease; the ledger has it as lost")
                continue
            self.progress(
                f"{row.id} to {row.channel} {row.target or row.connection}: {settled.outcome} {settled.answer}"
            )
            ended.append(settled.outcome)
        return ended

    def _paused(self, now: datetime) -> tuple[str, ...]:
        return tuple(name for name in self.registry.due_connections(now=now) if _is_paused(self.registry, name, now))

    def _attempt(self, row: DeliveryRow) -> Settled:
        try:
            reason = reason_to_withhold_delivery(self.settings, self.registry, row)
            if reason is not None:
                return Settled(status=DeliveryStatus.WITHHELD, outcome="withheld", answer=reason)
            with gather_content(self.settings, self.registry, self.connections, row, now=self.clock()) as content:
                destination = destination_from_json(row.destination)
                receipt = send(self.connections, destination, content, now=self.clock())
        except DeliveryUncertainError as error:
            return _uncertain(row, str(error), self.clock())
        except DeliveryDeferredError as error:
            return _deferred(row, str(error), self.clock(), error.retry_after_seconds)
        except UnavailableError as error:
            return _deferred(row, str(error), self.clock(), None)
        except _PERMANENT as error:
            return Settled(status=DeliveryStatus.FAILED, outcome="refused", answer=str(error))
        kept = {
            "answer": receipt.answer,
            "reference": receipt.reference,
            "payload_sha256": receipt.payload_sha256,
            "files": [{"format": f.format.value, "name": f.name, "sha256": f.sha256} for f in content.files],
        }
        return Settled(status=DeliveryStatus.SENT, outcome="sent", answer=receipt.answer, receipt=kept)


def _settle_lost(registry: Registry, now: datetime) -> None:
    said = "the sender ended before it could note what became of it"
    for row in registry.list_lost_deliveries(now=now):
        settled = _uncertain(row, said, now)
        try:
            registry.settle_delivery(
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
        return _deferred(row, said, now, None)
    answer = f"{said}; it may have arrived, so it is not repeated: look, and replay it if it did not"
    return Settled(status=DeliveryStatus.UNCERTAIN, outcome="uncertain", answer=answer)


def _deferred(row: DeliveryRow, said: str, now: datetime, retry_after_seconds: float | None) -> Settled:
    jitter = random.random()  # noqa: S311 - spreads load, guards nothing
    again = next_attempt_at(row.attempt_count, now=now, jitter=jitter, retry_after_seconds=retry_after_seconds)
    if again is None:
        answer = f"given up after {MOST_ATTEMPTS} attempts; the last said: {said}"
        return Settled(status=DeliveryStatus.FAILED, outcome="deferred", answer=answer)
    return Settled(status=DeliveryStatus.PENDING, outcome="deferred", answer=said, next_attempt_at=again)


def _is_paused(registry: Registry, connection: str, now: datetime) -> bool:
    recent = [
        Outcome(at=at, is_reached=outcome not in _UNREACHED) for at, outcome in registry.recent_outcomes(connection)
    ]
    return paused_until(recent, now=now) is not None
