"""Partitions of assets, and the days or months that a run's partitions are. No other calendar arithmetic here."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final

import dagster as dg

from policycortex.names import (
    DEFAULT_ORGANIZATION,
    FRAMEWORK_PARTITIONS,
    KIND_PARTITIONS,
    RANGE_PARTITIONS,
    REPORT_PARTITIONS,
    ReportType,
)
from policycortex.period import FIRST_DAY, Period
from policycortex.requests.report_partitions import ReportKind, Split, key_of_period, split_period

_LONGEST_GAP: Final = timedelta(days=7)

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC", end_offset=1)
"""UTC days, today included, so that a scan of today can be reported on today."""

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
    return tuple(date.fromisoformat(key) for key in context.partition_keys)


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


def windows_of(days: Iterable[date | str], *, today: date) -> Iterator[tuple[date, date]]:
    """Windows ``(first, last)``, both included, that cover those of ``days`` (or their keys) that have a partition.

    Days up to a week apart share a window, because one run over a short gap costs less than two runs.
    """
    dates = {date.fromisoformat(str(day)) for day in days}
    known = sorted(day for day in dates if has_partition(day, today=today))
    cuts = [0, *(n for n in range(1, len(known)) if known[n] - known[n - 1] > _LONGEST_GAP), len(known)]
    for start, stop in pairwise(cuts):
        if start < stop:
            yield known[start], known[stop - 1]


def range_tags(first: date, last: date) -> dict[str, str]:
    """Dagster's tags of one run for a window of days."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }
