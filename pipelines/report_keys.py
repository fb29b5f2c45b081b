"""Keys of the partitions of reports: which are offered, and what those of a run mean.

Offered is what can be made and is wanted: closed months and quarters in which something was scanned, by the frameworks
of POLICYCORTEX_STANDING_FRAMEWORKS. So a partition that the UI shows as missing is a report that nobody has made yet.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import dagster as dg

from pipelines.partitions import add_scan_days, find_day, known_days, windows_among
from policycortex.errors import RequestError
from policycortex.names import (
    DEFAULT_ORGANIZATION,
    FRAMEWORK_PARTITIONS,
    KIND_PARTITIONS,
    MONTH_PARTITIONS,
    RANGE_PARTITIONS,
    ReportType,
)
from policycortex.period import Period
from policycortex.requests.report_partitions import ReportKind, Split, key_of_period, split_period

MONTHLY: Final = dg.AssetKey(["reports", "standing"])
"""The key is the one of version 0.1: the history of materializations is stored under it."""
BY_PERIOD: Final = dg.AssetKey(["reports", "by_period"])

_OFFERED: Final = ((Split.QUARTER, timedelta(days=460)), (Split.MONTH, timedelta(days=366)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyPartition:
    """One key of ``monthly_periods`` and what it means."""

    key: str
    month: date
    framework_id: str


def monthly_partitions_of(context: dg.AssetExecutionContext) -> tuple[MonthlyPartition, ...]:
    """This run's partitions of ``monthly_periods``, the oldest month first. Raises RequestError for another key."""
    found = []
    for key in context.partition_keys:
        framework_id, _, month = key.rpartition("|")
        found.append(MonthlyPartition(key=key, month=_month_of_key(month), framework_id=framework_id))
    return tuple(sorted(found, key=lambda one: (one.month, one.framework_id)))


def _month_of_key(key: str) -> date:
    day = find_day(key)
    if day is None or day.day != 1:
        raise RequestError(f"the partition {key!r} is no month: delete it, and write the first day, as 2026-10-01")
    return day


def monthly_windows(
    instance: dg.DagsterInstance, framework_id: str, months: Iterable[date]
) -> Iterator[dict[str, str]]:
    """Tags of runs, each for consecutive months of one framework; months that are no partition are left out."""
    keys = instance.get_dynamic_partitions(MONTH_PARTITIONS)
    for window in windows_among(keys, months, longest_gap=1):
        ends = [dg.MultiPartitionKey({"framework": framework_id, "month": end}) for end in (window.start, window.stop)]
        yield {"dagster/asset_partition_range_start": ends[0], "dagster/asset_partition_range_end": ends[1]}


def add_scanned(instance: dg.DagsterInstance, days: Iterable[date], *, today: date) -> None:
    """Make these days partitions of daily assets, and offer reports of the closed months and quarters with scans."""
    add_scan_days(instance, days)
    offer_closed_periods(instance, today=today)


def offer_closed_periods(instance: dg.DagsterInstance, *, today: date) -> None:
    """Closed months with scans for monthly reports; those of the last year, and quarters, for reports by period."""
    month, days = today.replace(day=1), known_days(instance)
    add_months(instance, {day.replace(day=1) for day in days}, today=today)
    offered = [
        part
        for split, span in _OFFERED
        for part in split_period(Period.of_days(month - span, month - timedelta(days=1)), split)
    ]
    add_report_keys(instance, periods=[key_of_period(part) for part in offered if has_day(part, days)])


def add_months(instance: dg.DagsterInstance, months: Iterable[date], *, today: date) -> None:
    """Make these months, given by their first days, partitions of monthly reports; open months are left."""
    closed = sorted(f"{month}" for month in months if month < today.replace(day=1))
    _add(instance, MONTH_PARTITIONS, closed)


def known_months(instance: dg.DagsterInstance, months: Collection[date]) -> tuple[date, ...]:
    """Those of ``months`` that are partitions of monthly reports, in order."""
    keys = set(instance.get_dynamic_partitions(MONTH_PARTITIONS))
    return tuple(month for month in sorted(months) if month.isoformat() in keys)


def add_frameworks(instance: dg.DagsterInstance, framework_ids: Iterable[str]) -> None:
    """Make these frameworks partitions of monthly reports; those that are stay."""
    _add(instance, FRAMEWORK_PARTITIONS, sorted(set(framework_ids)))


def add_report_keys(instance: dg.DagsterInstance, *, periods: Sequence[str] = (), kinds: Sequence[str] = ()) -> None:
    """Make these keys partitions of ``period_reports``; those that are stay."""
    _add(instance, RANGE_PARTITIONS, periods)
    _add(instance, KIND_PARTITIONS, kinds)


def offer_frameworks(instance: dg.DagsterInstance, framework_ids: Collection[str]) -> None:
    """Offer monthly reports of these frameworks, and compliance and audit reports of them by period.

    They are only what the UI offers at first: people type any other framework, period and kind.
    """
    add_frameworks(instance, framework_ids)
    add_report_keys(instance, kinds=offered_kinds(framework_ids))


def offered_kinds(framework_ids: Iterable[str]) -> tuple[str, ...]:
    """The keys of kinds that the UI offers for these frameworks."""
    return tuple(
        ReportKind(organization=DEFAULT_ORGANIZATION, framework=framework, type=kind).key
        for framework in framework_ids
        for kind in (ReportType.COMPLIANCE, ReportType.AUDIT)
    )


def period_report_key(period: str, kind: str) -> dg.MultiPartitionKey:
    """The key of both dimensions."""
    return dg.MultiPartitionKey({"period": period, "report": kind})


def has_day(period: Period, days: Iterable[date]) -> bool:
    """Whether one of the days lies in the period."""
    return any(period.first_date <= day <= period.last_date for day in days)


def _add(instance: dg.DagsterInstance, name: str, keys: Iterable[str]) -> None:
    known = set(instance.get_dynamic_partitions(name))
    if new := [key for key in dict.fromkeys(keys) if key not in known]:
        instance.add_dynamic_partitions(name, new)
