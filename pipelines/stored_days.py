"""Partitions of homes that an earlier version wrote, and of days that the lake holds.

Imports add the days of their files. Earlier versions had all days since 2020 as partitions of daily assets, and all
months since 2020 under every framework as partitions of monthly reports, so that most looked missing. The
history of a day or a month is kept under its key, which is the same.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import dagster as dg

from pipelines.partitions import known_days, today
from pipelines.report_keys import (
    BY_PERIOD,
    MONTHLY,
    add_months,
    add_scanned,
    has_day,
    offer_closed_periods,
    offered_kinds,
)
from policycortex.errors import RequestError
from policycortex.names import (
    DAY_PARTITIONS,
    FRAMEWORK_PARTITIONS,
    KIND_PARTITIONS,
    MONTH_PARTITIONS,
    RANGE_PARTITIONS,
)
from policycortex.requests.report_partitions import period_of_key
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import has_catalog_file
from policycortex.workflow.posture import load_scan_days

OFFERED_BEFORE: Final = frozenset({"soc2", "hipaa", "iso27001", "nist_csf", "pci_dss"})
"""Earlier versions offered monthly reports of these and of all other frameworks, wanted or not."""

_OPEN_RUNS: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
_OPEN_BACKFILLS: Final = frozenset({"REQUESTED", "CANCELING", "FAILING"})
_BACKFILLS_READ: Final = 200


def adopt_earlier_version(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Give the partitions of an earlier version the keys of this one; does nothing in a home of this version."""
    if not instance.get_dynamic_partitions(DAY_PARTITIONS) and (settings.database_url or has_catalog_file(settings)):
        add_stored_days(instance, settings)
    if not instance.get_dynamic_partitions(MONTH_PARTITIONS):
        offer_closed_periods(instance, today=today())
        add_months(instance, _months_of(instance.get_materialized_partitions(MONTHLY)), today=today())
    if set(instance.get_dynamic_partitions(FRAMEWORK_PARTITIONS)) >= OFFERED_BEFORE and not _has_open_work(instance):
        _remove_unused(instance, settings.standing_frameworks)


def add_stored_days(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Add all days of the lake, also those of scanners whose clock was ahead when their file was imported."""
    add_scanned(instance, load_scan_days(settings, today=today()), today=today())


def _months_of(keys: Iterable[str]) -> set[date]:
    return {date.fromisoformat(key.rpartition("|")[2]) for key in keys}


def _remove_unused(instance: dg.DagsterInstance, standing: Iterable[str]) -> None:
    """Remove what the earlier version offered and nobody used: frameworks, and periods in which nothing was scanned."""
    used = {key.partition("|")[0] for key in instance.get_materialized_partitions(MONTHLY)} | set(standing)
    made = [key.split("|") for key in instance.get_materialized_partitions(BY_PERIOD)]
    periods, kinds = {each[0] for each in made}, {each[-1] for each in made} | set(offered_kinds(standing))
    days = known_days(instance)
    wanted: dict[str, Callable[[str], bool]] = {
        FRAMEWORK_PARTITIONS: used.__contains__,
        RANGE_PARTITIONS: lambda key: key in periods or _is_scanned(key, days),
        KIND_PARTITIONS: kinds.__contains__,
    }
    for name, is_wanted in wanted.items():
        for key in instance.get_dynamic_partitions(name):
            if not is_wanted(key):
                instance.delete_dynamic_partition(name, key)


def _is_scanned(key: str, days: Iterable[date]) -> bool:
    try:
        return has_day(period_of_key(key), days)
    except RequestError:
        return True  # a person typed it; it stays visible with the failure that it had


def _has_open_work(instance: dg.DagsterInstance) -> bool:
    """Whether runs or backfills are open, which name keys that no report has been made of."""
    return instance.get_runs_count(dg.RunsFilter(statuses=_OPEN_RUNS)) > 0 or any(
        each.status.value in _OPEN_BACKFILLS for each in instance.get_backfills(limit=_BACKFILLS_READ)
    )
