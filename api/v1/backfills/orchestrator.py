"""The backfill operations that the API needs from the orchestrator; ``dagster_backfills`` implements them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from policycortex.requests.backfill_body import BackfillOrder


class BackfillStatus(StrEnum):
    """Where a backfill stands. The last three are ends."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillState:
    """One backfill as the orchestrator tells it. Counts are partitions: a day of a table, a month's report."""

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
    """Starts, follows and ends backfills."""

    def start(self, order: BackfillOrder, *, organization: str, today: date) -> str:
        """Hand it over; its id. Raises UnavailableError."""
        ...

    def find(self, backfill_id: str, *, organization: str) -> BackfillState:
        """Where it stands. Raises NotFoundError, also for another organisation's; UnavailableError."""
        ...

    def cancel(self, backfill_id: str, *, organization: str) -> None:
        """End it and its runs; an ended one is no error. Raises as ``find``."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
