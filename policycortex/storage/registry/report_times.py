"""How long completed reports waited and took, counted in buckets when they are completed, so that monitoring reads few
rows. The numbers only rise: a deleted or expired report stays counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Double, Integer, RowMapping, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from policycortex.storage.registry.base import Database, insert_for, metadata
from policycortex.storage.registry.rows import ReportRow

report_times = Table(
    "report_times",
    metadata,
    Column("measure", String(16), primary_key=True),
    Column("up_to_seconds", Integer, primary_key=True),  # 0 for all that are longer than the longest bucket
    Column("count", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
)

BUCKETS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper ends in seconds, inclusive. A bucket may be added; a removed one would take its counts along."""
_LONGER: Final = 0


class TimeMeasure(StrEnum):
    """What is counted."""

    QUEUE = "queue"
    """From the time at which the report was due to the start of the run that completed it."""
    RUN = "run"
    """From that start to the completion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeDistribution:
    """All reports that were ever completed."""

    measure: TimeMeasure
    counts: tuple[int, ...]
    """Number of reports up to each of ``BUCKETS``, then of all: never falling."""
    seconds: float
    """Sum."""


def note_times(connection: Connection, report: ReportRow, completed_at: datetime) -> None:
    """Count a running report that is completed now, within the caller's transaction. Negative times count as 0."""
    if report.started_at is None:
        return
    spans = {TimeMeasure.QUEUE: report.started_at - report.due_at, TimeMeasure.RUN: completed_at - report.started_at}
    rows = []
    for measure, span in spans.items():
        seconds = max(span.total_seconds(), 0.0)
        up_to = next((bucket for bucket in BUCKETS if seconds <= bucket), _LONGER)
        rows.append({"measure": measure.value, "up_to_seconds": up_to, "count": 1, "seconds": seconds})
    connection.execute(_add(connection.dialect.name), rows)


class ReportTimesRepository:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_times(self) -> tuple[TimeDistribution, ...]:
        """Both measures, also before the first report."""
        with self._database.reading() as connection:
            rows = connection.execute(select(report_times)).mappings().all()
        return tuple(
            _distribution(measure, [row for row in rows if row["measure"] == measure]) for measure in TimeMeasure
        )


def _distribution(measure: TimeMeasure, rows: Sequence[RowMapping]) -> TimeDistribution:
    counts: dict[int, int] = {row["up_to_seconds"]: row["count"] for row in rows}
    return TimeDistribution(
        measure=measure,
        counts=tuple(accumulate(counts.get(bucket, 0) for bucket in (*BUCKETS, _LONGER))),
        seconds=sum(row["seconds"] for row in rows),
    )


@cache
def _add(dialect: str) -> postgresql.Insert | sqlite.Insert:
    added = insert_for(dialect, report_times)
    raised = {name: report_times.c[name] + added.excluded[name] for name in ("count", "seconds")}
    return added.on_conflict_do_update(index_elements=list(report_times.primary_key.columns), set_=raised)
