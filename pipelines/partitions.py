"""Partitions of assets, and the days or months that a run's partitions are. No other calendar arithmetic here."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

import dagster as dg

from policycortex.names import (
    DAY_PARTITIONS,
    DEFAULT_ORGANIZATION,
    FRAMEWORK_PARTITIONS,
    KIND_PARTITIONS,
    RANGE_PARTITIONS,
    REPORT_PARTITIONS,
    ReportType,
)
from policycortex.period import FIRST_DAY, Period
from policycortex.requests.report_partitions import ReportKind, Split, key_of_period, split_period

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
        "month": dg.MonthlyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC"),
        "framework": dg.DynamicPartitionsDefinition(name=FRAMEWORK_PARTITIONS),
    }
)
"""UTC months by framework, for monthly reports; keys are ``soc2|2026-01-01``.

Frameworks are dynamic partitions, because organisations upload them while the code is loaded: a run sees a new one at
once, without a reload of the code location and of the run host. Keys are added and never removed: the history of a
framework that was deleted stays visible.
"""


def days_of(context: dg.AssetExecutionContext) -> tuple[date, ...]:
    """The days of this run's partitions, in order."""
    return tuple(sorted(date.fromisoformat(key) for key in context.partition_keys))


def add_scan_days(instance: dg.DagsterInstance, days: Iterable[date]) -> None:
    """Make these days partitions of daily assets, the oldest first; those that are stay, days out of range are left."""
    known = set(instance.get_dynamic_partitions(DAY_PARTITIONS))
    wanted = sorted({day for day in days if has_partition(day, today=today())})
    if new := [key for day in wanted if (key := day.isoformat()) not in known]:
        instance.add_dynamic_partitions(DAY_PARTITIONS, new)


def sort_scan_days(instance: dg.DagsterInstance) -> None:
    """Put the days in order, which older files disturbed. For a moment some are missing, so no run may be going on."""
    keys = instance.get_dynamic_partitions(DAY_PARTITIONS)
    moved = next((n for n, (key, due) in enumerate(zip(keys, sorted(keys), strict=True)) if key != due), len(keys))
    for key in keys[moved:]:
        instance.delete_dynamic_partition(DAY_PARTITIONS, key)
    if moved < len(keys):
        instance.add_dynamic_partitions(DAY_PARTITIONS, sorted(keys[moved:]))


def known_days(instance: dg.DagsterInstance, first: date = FIRST_DAY, last: date = date.max) -> tuple[date, ...]:
    """The days from ``first`` to ``last``, both in, that are partitions of daily assets, in order."""
    keys = instance.get_dynamic_partitions(DAY_PARTITIONS)
    return tuple(day for day in sorted(map(date.fromisoformat, keys)) if first <= day <= last)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyPartition:
    """One key of ``monthly_periods`` and what it means."""

    key: str
    month: date
    framework_id: str


def monthly_partitions_of(context: dg.AssetExecutionContext) -> tuple[MonthlyPartition, ...]:
    """This run's partitions of ``monthly_periods``, the oldest month first."""
    found = []
    for key in context.partition_keys:
        framework_id, _, month = key.rpartition("|")
        found.append(MonthlyPartition(key=key, month=date.fromisoformat(month), framework_id=framework_id))
    return tuple(sorted(found, key=lambda one: (one.month, one.framework_id)))


def add_frameworks(instance: dg.DagsterInstance, framework_ids: Collection[str]) -> None:
    """Make these frameworks partitions of monthly reports; those that are stay."""
    known = instance.get_dynamic_partitions(FRAMEWORK_PARTITIONS)
    if new := sorted(set(framework_ids) - set(known)):
        instance.add_dynamic_partitions(FRAMEWORK_PARTITIONS, new)


def add_report_keys(
    instance: dg.DagsterInstance, *, periods: Collection[str] = (), kinds: Collection[str] = ()
) -> None:
    """Make these keys partitions of ``period_reports``; those that are stay."""
    for name, keys in ((RANGE_PARTITIONS, periods), (KIND_PARTITIONS, kinds)):
        if new := [key for key in dict.fromkeys(keys) if key not in set(instance.get_dynamic_partitions(name))]:
            instance.add_dynamic_partitions(name, new)


def add_report_choices(instance: dg.DagsterInstance, frameworks: Collection[str], *, today: date) -> None:
    """Offer the closed months and quarters of the last year, and compliance and audit reports of these frameworks.

    They are only what the UI offers at first: people type any other period and kind.
    """
    month = today.replace(day=1)
    spans = ((Split.QUARTER, timedelta(days=460)), (Split.MONTH, timedelta(days=366)))
    periods = [
        key_of_period(part)
        for split, span in spans
        for part in split_period(Period.of_days(month - span, month - timedelta(days=1)), split)
    ]
    kinds = [
        ReportKind(organization=DEFAULT_ORGANIZATION, framework=framework, type=kind).key
        for framework in frameworks
        for kind in (ReportType.COMPLIANCE, ReportType.AUDIT)
    ]
    add_report_keys(instance, periods=periods, kinds=kinds)


def period_report_key(period: str, kind: str) -> dg.MultiPartitionKey:
    """The key of both dimensions."""
    return dg.MultiPartitionKey({"period": period, "report": kind})


def monthly_range_tags(framework_id: str, months: Sequence[date]) -> dict[str, str]:
    """Tags of one run for these consecutive months of one framework."""
    keys = [dg.MultiPartitionKey({"framework": framework_id, "month": f"{month:%Y-%m-%d}"}) for month in months]
    return {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}


def today() -> date:
    """The newest UTC day that has a partition."""
    return datetime.now(UTC).date()


def has_partition(day: date, *, today: date) -> bool:
    """Whether the day has a partition; a scanner's clock may be wrong by years."""
    return FIRST_DAY <= day <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWindow:
    """Consecutive keys of ``scan_days`` from ``start`` to ``stop``, both included, in Dagster's order."""

    start: str
    stop: str

    def __str__(self) -> str:
        return f"{min(self.start, self.stop)} to {max(self.start, self.stop)}"

    @property
    def tags(self) -> dict[str, str]:
        """Dagster's tags of one run for the window."""
        return {"dagster/asset_partition_range_start": self.start, "dagster/asset_partition_range_end": self.stop}


def windows_of(instance: dg.DagsterInstance, days: Iterable[date | str]) -> Iterator[DayWindow]:
    """Windows that cover those of ``days`` (or their keys) that are partitions, each for one run."""
    return windows_among(instance.get_dynamic_partitions(DAY_PARTITIONS), days)


def windows_among(keys: Sequence[str], days: Iterable[date | str]) -> Iterator[DayWindow]:
    """The same, where ``keys`` are all partitions in Dagster's order.

    Days that lie up to seven partitions apart share a window, because one run over a short gap costs less than two
    runs. Windows follow the order of the keys: days of an older file come after those that were there before.
    """
    place = {key: n for n, key in enumerate(keys)}
    found = sorted({str(day) for day in days} & place.keys(), key=place.__getitem__)
    cuts = [n for n in range(1, len(found)) if place[found[n]] - place[found[n - 1]] > _LONGEST_GAP]
    for start, stop in pairwise([0, *cuts, len(found)] if found else ()):
        yield DayWindow(start=found[start], stop=found[stop - 1])
