"""How time is cut in the UI, and how a run's window becomes days of the core. No other calendar arithmetic here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

import dagster as dg

from policycortex.frameworks.builtin import BUILTIN_IDS
from policycortex.names import REPORT_PARTITIONS
from policycortex.period import FIRST_DAY

_LONGEST_GAP: Final = timedelta(days=7)

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC", end_offset=1)
"""UTC days, today included: a scan of this morning is worth a report this noon."""

report_periods = dg.DynamicPartitionsDefinition(name=REPORT_PARTITIONS)
"""Date ranges that reports were ordered for; keys are ``Period.partition_key``, both days included."""

standing_periods = dg.MultiPartitionsDefinition(
    {
        "month": dg.MonthlyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC"),
        "framework": dg.StaticPartitionsDefinition(list(BUILTIN_IDS)),
    }
)
"""Closed UTC months by built-in framework, for reports that nobody has to order; keys are ``soc2|2026-01-01``."""


def days_of(context: dg.AssetExecutionContext) -> tuple[date, ...]:
    """The days of this run's window, in order."""
    return tuple(date.fromisoformat(key) for key in context.partition_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPartition:
    """One key of ``standing_periods`` and what it names."""

    key: str
    month: date
    framework_id: str


def standing_of(context: dg.AssetExecutionContext) -> tuple[StandingPartition, ...]:
    """This run's part of ``standing_periods``, the oldest month first."""
    found = []
    for key in context.partition_keys:
        framework_id, _, month = key.rpartition("|")
        found.append(StandingPartition(key=key, month=date.fromisoformat(month), framework_id=framework_id))
    return tuple(sorted(found, key=lambda one: (one.month, one.framework_id)))


def standing_range_tags(framework_id: str, months: Sequence[date]) -> dict[str, str]:
    """Tags that make one run of these months, which follow each other, of one framework."""
    keys = [dg.MultiPartitionKey({"framework": framework_id, "month": f"{month:%Y-%m-%d}"}) for month in months]
    return {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}


def today() -> date:
    """The newest day that has a partition."""
    return datetime.now(UTC).date()


def has_partition(day: date, *, today: date) -> bool:
    """Whether the UI knows this day; a scanner's clock may be wrong by years."""
    return FIRST_DAY <= day <= today


def windows_of(days: Iterable[date | str], *, today: date) -> Iterator[tuple[date, date]]:
    """Few windows ``(first, last)``, both included, that cover all of ``days`` (or their keys) that have a partition.

    Days up to a week apart share a window: one run over a short gap costs less than two runs.
    """
    dates = {date.fromisoformat(str(day)) for day in days}
    known = sorted(day for day in dates if has_partition(day, today=today))
    cuts = [0, *(n for n in range(1, len(known)) if known[n] - known[n - 1] > _LONGEST_GAP), len(known)]
    for start, stop in pairwise(cuts):
        if start < stop:
            yield known[start], known[stop - 1]


def range_tags(first: date, last: date) -> dict[str, str]:
    """Tags that make one run of a window; Dagster's own names."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
