"""Shapes of answers about backfills."""

from datetime import date
from typing import Self

from pydantic import Field

from api.v1.backfills.orchestrator import BackfillState, BackfillStatus
from api.v1.reports.schemas import Answer, Moment


class BackfillProgress(Answer):
    """Partitions: a day of a table, or a month's report."""

    total: int = Field(examples=[6671])
    completed: int = Field(examples=[6579])
    failed: int = Field(examples=[0])
    in_progress: int = Field(examples=[92])

    @classmethod
    def of(cls, state: BackfillState) -> Self:
        """As the orchestrator counts them."""
        return cls(total=state.targeted, completed=state.done, failed=state.failed, in_progress=state.in_progress)


class BackfillAnswer(Answer):
    """One backfill."""

    id: str = Field(examples=["gxkwfhtb"])
    status: BackfillStatus
    start: date = Field(examples=["2024-01-01"])
    end: date = Field(examples=["2025-12-31"])
    frameworks: list[str] = Field(examples=[["soc2", "hipaa"]])
    created_at: Moment
    ended_at: Moment | None
    progress: BackfillProgress
    failure: str | None = Field(description="Why it failed, for a person; null otherwise")
    progress_url: str


def shape_backfill(state: BackfillState, base_url: str) -> BackfillAnswer:
    """As answered."""
    return BackfillAnswer(
        id=state.id,
        status=state.status,
        start=state.start,
        end=state.end,
        frameworks=list(state.frameworks),
        created_at=state.created_at,
        ended_at=state.ended_at,
        progress=BackfillProgress.of(state),
        failure=state.failure,
        progress_url=f"{base_url}/v1/backfills/{state.id}",
    )
