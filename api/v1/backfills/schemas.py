"""Response bodies of backfills."""

from datetime import date

from pydantic import Field

from api.platform.backfills import BackfillStatus
from api.platform.responses import Moment, ResponseModel


class BackfillProgress(ResponseModel):
    """Number of partitions: a day of a table, or a month's report."""

    total: int = Field(examples=[6671])
    completed: int = Field(examples=[6579])
    failed: int = Field(examples=[0])
    in_progress: int = Field(examples=[92])


class BackfillAnswer(ResponseModel):
    """One backfill."""

    id: str = Field(examples=["gxkwfhtb"])
    status: BackfillStatus
    start: date = Field(examples=["2024-01-01"])
    end: date = Field(examples=["2025-12-31"])
    frameworks: list[str] = Field(examples=[["soc2", "hipaa"]])
    created_at: Moment
    ended_at: Moment | None
    progress: BackfillProgress
    failure: str | None = Field(description="Why it failed, for people; null otherwise")
    progress_url: str
