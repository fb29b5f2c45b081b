"""The parts of a split schedule at one time: those it names, and the others that are found in the lake."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from policycortex.channels.connections import load_connections
from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_groups
from policycortex.names import SplitBy
from policycortex.requests.model import ReportRequest
from policycortex.requests.schedule_parts import (
    SchedulePart,
    names_others,
    parts_of,
    split_by,
    uncovered_by,
    with_groups,
)
from policycortex.requests.schedules import deliveries_at
from policycortex.settings import Settings
from policycortex.storage.registry.schedule_rows import NewDelivery, ScheduleRow

_COLUMNS: Final = {SplitBy.ACCOUNT_GROUP: "account_id", SplitBy.ENVIRONMENT: "environment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPreview:
    """A part of a schedule as it would be now."""

    name: str
    values: tuple[str, ...]
    findings: int
    """0: its report would be empty."""
    deliveries: tuple[NewDelivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPreview:
    """All parts of a schedule, and what is in the data but in no part."""

    by: SplitBy
    parts: tuple[PartPreview, ...]
    uncovered: Mapping[str, int]
    """Accounts or environments that no report covers, with their findings; never owners, each has a part."""


def parts_at(settings: Settings, schedule: ScheduleRow, request: ReportRequest) -> tuple[SchedulePart, ...]:
    """The parts of a split schedule. ``request`` is that of the undivided schedule at the tick.

    The lake is read only for ``others`` and for owners. Raises UnavailableError if it cannot be read now, RequestError
    if the account table has a group no more.
    """
    by = split_by(schedule.body)
    found = load_values(settings, request, by) if by is not None and names_others(schedule.body) else {}
    return parts_of(_with_groups(settings, schedule), found)


def preview_parts(settings: Settings, schedule: ScheduleRow, request: ReportRequest) -> SplitPreview | None:
    """The parts as they would be for ``request``; None if the schedule makes one report. Raises as ``parts_at``."""
    by = split_by(schedule.body)
    if by is None:
        return None
    connections, found = load_connections(settings), load_values(settings, request, by)
    body = _with_groups(settings, schedule)
    parts = parts_of(body, found)
    uncovered = () if names_others(body) else uncovered_by(body, found)
    by_name = {name.casefold(): count for name, count in found.items()}
    return SplitPreview(
        by=by,
        parts=tuple(
            PartPreview(
                name=part.name,
                values=part.values,
                findings=sum(by_name.get(value.casefold(), 0) for value in part.values),
                deliveries=deliveries_at(part.body, organization=schedule.organization, connections=connections),
            )
            for part in parts
        ),
        uncovered={name: found[name] for name in uncovered},
    )


def load_values(settings: Settings, request: ReportRequest, by: SplitBy) -> dict[str, int]:
    """Accounts, environments or owners in the period-end posture of the request, with their number of findings.

    Owners: most findings first, in the spelling that most findings have.
    """
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415 - 60 MB that few schedules need

    if by is SplitBy.OWNER:
        with open_lake(settings) as lake:
            return dict(lake.period_end.load_owners(request.scope, request.period).iter_rows())
    with open_lake(settings) as lake:
        places = lake.period_end.load_places(request.scope, request.period)
    counted = places.group_by(_COLUMNS[by]).agg(pl.col("findings").sum()).sort(_COLUMNS[by])
    return dict(counted.select(_COLUMNS[by], "findings").iter_rows())


def _with_groups(settings: Settings, schedule: ScheduleRow) -> Mapping[str, Any]:
    table = settings.home / ACCOUNT_TABLE
    return with_groups(schedule.body, lambda: load_account_groups(table, schedule.organization))
