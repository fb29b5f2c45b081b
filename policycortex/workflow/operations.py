"""Figures for monitoring an installation: open work, imports, disk, sizes and what expires.

No figure names an organisation, an account or a report, because monitoring systems are read by many.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Final

from policycortex.errors import PolicyCortexError
from policycortex.security.identities import load_identity, load_signing
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import has_catalog_file
from policycortex.storage.lake.lake import open_lake_if_any
from policycortex.storage.objects.landing import PARKED, landing_location
from policycortex.storage.objects.locations import is_object_url
from policycortex.storage.registry import Registry
from policycortex.storage.registry.report_times import BUCKETS, TimeMeasure
from policycortex.storage.sqlite_space import embedded_databases
from policycortex.workflow.scan_checks import check_quarantine, check_silent_accounts

_TIMES: Final = {
    TimeMeasure.QUEUE: (
        "report_queue_seconds",
        "How long completed reports waited, from their due time to their start",
    ),
    TimeMeasure.RUN: (
        "report_duration_seconds",
        "How long completed reports took, from their start to their completion",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One gauge: a value, or a value for each value of a label."""

    name: str
    """Without the prefix of the product; units at its end."""
    text: str
    label: str = ""
    values: dict[str, float] = field(default_factory=dict)
    """By the label's value; by "" where there is no label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One histogram whose numbers only rise."""

    name: str
    """As of a figure."""
    text: str
    counts: tuple[tuple[float, int], ...]
    """Upper ends, the last one infinite, each with the number of all up to it."""
    total: float
    """Sum of the values."""


def load_distributions(registry: Registry) -> tuple[Distribution, ...]:
    """How long completed reports waited and took, from the registry. Raises UnavailableError."""
    ends = (*map(float, BUCKETS), inf)
    return tuple(
        Distribution(
            name=_TIMES[times.measure][0],
            text=_TIMES[times.measure][1],
            counts=tuple(zip(ends, times.counts, strict=True)),
            total=times.seconds,
        )
        for times in registry.report_times.load_times()
    )


def load_work_figures(registry: Registry, *, now: datetime) -> tuple[Figure, ...]:
    """What waits and failed, from the registry. Raises UnavailableError."""
    work = registry.operations.load_open_work(now=now)
    return (
        _by("reports", "Reports by status", "status", work.reports),
        _one("report_wait_seconds", "Since when the longest due report waits for its start", work.report_wait_seconds),
        _by("open_deliveries", "Deliveries that have not ended, by status", "status", work.open_deliveries),
        _one("delivery_wait_seconds", "How late the latest due attempt of a delivery is", work.delivery_wait_seconds),
        _by("lost_deliveries", "Deliveries that failed within a day, by status", "status", work.lost_deliveries),
        _one("overdue_schedules", "Schedules with a tick that is late by two minutes", work.overdue_schedules),
        _one("expiring_keys", "API keys that end within 14 days", work.expiring_keys),
    )


def load_machine_figures(settings: Settings, *, now: datetime) -> tuple[Figure, ...]:
    """Disk, sizes of databases, parked files, certificates. What cannot be read is left out."""
    return tuple(_machine_figures(settings, now))


def load_import_figures(settings: Settings) -> tuple[Figure, ...]:
    """From the lake; none where nothing was imported yet. Opens the lake: ask seldom. Raises PolicyCortexError."""
    if settings.database_url is None and not has_catalog_file(settings):
        return ()
    with open_lake_if_any(settings) as lake:
        if lake is None:
            return ()
        newest = lake.data_checks.load_newest_import()
    quarantine, silent = check_quarantine(settings).numbers, check_silent_accounts(settings).evidence
    read = float(quarantine["read"])
    figures = [
        _one("quarantined_share", "Share of the records of the newest 50 imports that is in quarantine, 0 to 1",
             float(quarantine["quarantined"]) / read if read else 0.0),
        _one("silent_accounts", "Accounts that are no longer scanned as usual", silent.height),
    ]  # fmt: skip
    if newest is not None:
        figures.append(_one("newest_import_timestamp_seconds", "Time of the newest import", newest.timestamp()))
    return tuple(figures)


def _machine_figures(settings: Settings, now: datetime) -> Iterator[Figure]:
    if settings.home.is_dir():
        usage = shutil.disk_usage(settings.home)
        yield _one("disk_free_bytes", "Free space on the disk of the home", usage.free)
        yield _one("disk_size_bytes", "Size of the disk of the home", usage.total)
    sizes = {path.relative_to(settings.home).as_posix(): _size(path) for path in embedded_databases(settings)}
    if sizes:
        yield _by("database_bytes", "Size of each database file of the home", "file", sizes)
    landing = landing_location(settings)
    if not is_object_url(landing):
        parked = (path for path in (Path(landing) / PARKED).rglob("*") if path.is_file())
        count = sum(not path.name.endswith(".reason.txt") for path in parked)
        yield _one("parked_files", "Files of the landing zone that could not be imported", count)
    if ends := _certificate_ends(settings, now):
        yield _one("certificate_end_timestamp_seconds", "When the first signing certificate ends", min(ends))


def _certificate_ends(settings: Settings, now: datetime) -> list[float]:
    """Of configured files; a token is not asked each time."""
    try:
        configured = load_signing(settings).organizations
        return [
            load_identity(settings, organization, now=now).certificate.not_valid_after_utc.timestamp()
            for organization, config in configured.items()
            if config.pkcs12 is not None
        ]
    except PolicyCortexError:
        return []


def _size(path: Path) -> float:
    """With the write-ahead log beside it."""
    beside = path.with_name(f"{path.name}-wal")
    return sum(each.stat().st_size for each in (path, beside) if each.exists())


def _one(name: str, text: str, value: float) -> Figure:
    return Figure(name=name, text=text, values={"": value})


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Figure:
    return Figure(name=name, text=text, label=label, values=dict(values))
