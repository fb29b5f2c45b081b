"""Partitions of assets, and the days that a run's partitions are. ``pipelines.report_keys`` has the keys of reports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Final

import dagster as dg

from policycortex.errors import RequestError
from policycortex.names import (
    DAY_PARTITIONS,
    FRAMEWORK_PARTITIONS,
    KIND_PARTITIONS,
    MONTH_PARTITIONS,
    RANGE_PARTITIONS,
    REPORT_PARTITIONS,
)
from policycortex.period import FIRST_DAY

_LONGEST_GAP: Final = 7

scan_days = dg.DynamicPartitionsDefinition(name=DAY_PARTITIONS)
"""UTC days on which something was scanned, today included; keys are ``2026-10-31``.

Imports add the days of their files. A day without scans has no results, so it has no partition that would be missing.
Dagster keeps the keys in the order in which they were added; ``windows_of`` reckons with that.
"""

report_periods = dg.DynamicPartitionsDefinition(name=REPORT_PARTITIONS)
"""Requested reports; keys are those of ``partition_key_of``. Version 0.1 wrote keys of the period alone; they stay."""

period_reports = dg.MultiPartitionsDefinition(
    {
        "period": dg.DynamicPartitionsDefinition(name=RANGE_PARTITIONS),
        "report": dg.DynamicPartitionsDefinition(name=KIND_PARTITIONS),
    }
)
"""Reports that are requested in Dagster; keys are ``2026-Q3|soc2 audit``.

Both dimensions are dynamic: the UI offers the keys that are there, and a person types others. What a key means is read
by ``policycortex.requests.report_partitions``.
"""

monthly_periods = dg.MultiPartitionsDefinition(
    {
        "month": dg.DynamicPartitionsDefinition(name=MONTH_PARTITIONS),
        "framework": dg.DynamicPartitionsDefinition(name=FRAMEWORK_PARTITIONS),
    }
)
"""Closed UTC months by framework, for monthly reports; keys are ``soc2|2026-01-01``.

Months are those in which something was scanned, frameworks those of POLICYCORTEX_STANDING_FRAMEWORKS; backfills and
people add others. Organisations upload frameworks and older files while the code is loaded: a run sees a new key at
once, without a reload of the code location and of the run host. The history of a framework that was deleted stays.
"""


def find_day(key: str) -> date | None:
    """None for text that is no day in the form of keys; Python reads other forms, too, whose key would be another."""
    try:
        day = date.fromisoformat(key)
    except ValueError:
        return None
    return day if day.isoformat() == key else None


def days_of(context: dg.AssetExecutionContext) -> tuple[date, ...]:
    """The days of this run's partitions, in order. Raises RequestError for a key that is no day."""
    return tuple(sorted(map(day_of_key, context.partition_keys)))


def day_of_key(key: str) -> date:
    """The day of a key that an import added or a person typed. Raises RequestError."""
    day = find_day(key)
    if day is None:
        raise RequestError(f"the partition {key!r} is no day: delete it, and write days as 2026-10-31")
    return day


def add_scan_days(instance: dg.DagsterInstance, days: Iterable[date]) -> None:
    """Make these days partitions of daily assets, the oldest first; those that are stay, days out of range are left."""
    known = set(instance.get_dynamic_partitions(DAY_PARTITIONS))
    wanted = sorted({day for day in days if has_partition(day, today=today())})
    if new := [key for day in wanted if (key := day.isoformat()) not in known]:
        instance.add_dynamic_partitions(DAY_PARTITIONS, new)


def sort_days_and_months(instance: dg.DagsterInstance) -> None:
    """Put both in order, which older files disturbed. For a moment some are missing, so no run may be going on."""
    for name in (DAY_PARTITIONS, MONTH_PARTITIONS):
        keys = instance.get_dynamic_partitions(name)
        moved = next((n for n, (key, due) in enumerate(zip(keys, sorted(keys), strict=True)) if key != due), len(keys))
        for key in keys[moved:]:
            instance.delete_dynamic_partition(name, key)
        if moved < len(keys):
            instance.add_dynamic_partitions(name, sorted(keys[moved:]))


def known_days(instance: dg.DagsterInstance, first: date = FIRST_DAY, last: date = date.max) -> tuple[date, ...]:
    """The days from ``first`` to ``last``, both in, that are partitions of daily assets, in order.

    A key that is no day, which a person typed in the UI, is left out.
    """
    days = filter(None, map(find_day, instance.get_dynamic_partitions(DAY_PARTITIONS)))
    return tuple(day for day in sorted(days) if first <= day <= last)


def today() -> date:
    """The newest UTC day that has a partition."""
    return datetime.now(UTC).date()


def has_partition(day: date, *, today: date) -> bool:
    """Whether the day has a partition; a scanner's clock may be wrong by years."""
    return FIRST_DAY <= day <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWindow:
    """Consecutive keys of days or months from ``start`` to ``stop``, both included, in Dagster's order."""

    start: str
    stop: str

    def __str__(self) -> str:
        return f"{min(self.start, self.stop)} to {max(self.start, self.stop)}"

    @property
    def tags(self) -> dict[str, str]:
        """Dagster's tags of one run for the window."""
        return {"dagster/asset_partition_range_start": self.start, "dagster/asset_partition_range_end": self.stop}


def windows_of(instance: dg.DagsterInstance, days: Iterable[date | str]) -> Iterator[KeyWindow]:
    """Windows that cover those of ``days`` (or their keys) that are partitions, each for one run."""
    return windows_among(instance.get_dynamic_partitions(DAY_PARTITIONS), days)


def windows_among(
    keys: Sequence[str], days: Iterable[date | str], *, longest_gap: int = _LONGEST_GAP
) -> Iterator[KeyWindow]:
    """The same, where ``keys`` are all partitions in Dagster's order.

    Days that lie up to ``longest_gap`` partitions apart share a window: one run over a short gap costs less than two
    runs. Windows follow the order of the keys: days of an older file come after those that were there before. A key
    that is no day, which a person typed in the UI, is in no window: it would fail the run of the days beside it.
    """
    place = {key: n for n, key in enumerate(keys)}
    no_days = [n for n, key in enumerate(keys) if find_day(key) is None]
    found = sorted({str(day) for day in days} & place.keys(), key=place.__getitem__)
    gaps = [(place[before], place[after]) for before, after in pairwise(found)]
    cuts = [n for n, (a, b) in enumerate(gaps, 1) if b - a > longest_gap or any(a < no < b for no in no_days)]
    for start, stop in pairwise([0, *cuts, len(found)] if found else ()):
        yield KeyWindow(start=found[start], stop=found[stop - 1])
