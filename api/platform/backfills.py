"""The backfill operations that the API needs from the orchestrator; ``dagster_backfills`` implements them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from policycortex.requests.backfill_body import BackfillRequest


class BackfillStatus(StrEnum):
    """The state of a backfill. The last three are final."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillState:
    """One backfill. Counts are partitions: a day of a table, or a month's report."""

    id: str
    status: BackfillStatus
    start: date
    end: date
    frameworks: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None
    targeted: int
    in_progress: int
    done: int
    failed: int
    failure: str | None


class Backfills(Protocol):
    """Starts, reads and ends backfills."""

    def start(self, request: BackfillRequest, *, organization: str, today: date) -> str:
        """Start it; returns its id. Raises RequestError where nothing is to do; UnavailableError."""
        ...

    def find(self, backfill_id: str, *, organization: str) -> BackfillState:
        """Its state. Raises NotFoundError, also for another organisation's backfill; UnavailableError."""
        ...

    def cancel(self, backfill_id: str, *, organization: str) -> None:
        """End it and its runs; no error if it has ended. Raises as ``find``."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...
