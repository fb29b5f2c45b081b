"""Selects the scans of a posture, before anything is counted: of a period's end, or as last known on a day.

The last of a month's daily scans usually decides the period-end posture: with the selection, queries read one day's
files instead of thirty. A lake at a snapshot selects the scans of a period once, for all queries of a report.

A posture as last known carries scans of earlier days: each check and scan target counts with its newest scan of the
last ``session.carry_days`` days, so that accounts scanned on different days are all in each day.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

import polars as pl

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.scope_views import narrow_tables
from policycortex.storage.lake.session import Cursor, Frames, LakeSession, fetch_frame, sql


@dataclass(frozen=True, slots=True, kw_only=True)
class LastKnown:
    """The posture as last known at the end of ``day``."""

    day: date
    zone: tzinfo = UTC
    before: datetime | None = None
    """Findings from here on are not read: the end of the period that the day is read for. None: no limit."""
    since: date | None = None
    """Checks and targets without a scan from this day of the zone on, up to ``before``, do not count. None: all do."""


Posture: TypeAlias = Period | LastKnown
"""Of the period's end, or as last known on a day."""


def period_parameters(organization: str, period: Period) -> dict[str, Any]:
    """Parameters of queries that select scans."""
    return {
        "organization": organization,
        "first_date": period.first_utc_date,
        "last_date": period.last_utc_date,
        "start_at": period.start,
        "end_at": period.end,
    }


def scope_filters(scope: Scope) -> dict[str, Any]:
    """A scope's filters that queries name; an empty list filters nothing. ``narrow_tables`` has the others."""
    return {
        "environments": list(scope.environments),
        "providers": list(scope.cloud_providers),
        "accounts": list(scope.accounts),
    }


def scans_read(session: LakeSession, posture: Posture) -> Period:
    """The time whose scans the posture is selected from.

    For a day it ends a day later, because a scan that ends after midnight is known on that day only.
    """
    if isinstance(posture, Period):
        return posture
    first = posture.day - timedelta(days=session.carry_days - 1)
    read = Period.of_days(first, posture.day + timedelta(days=1), posture.zone)
    if posture.before is None or posture.before >= read.end:
        return read
    return Period(start=read.start, end=posture.before, zone=read.zone)


@contextmanager
def period_end_cursor(
    session: LakeSession, scope: Scope, posture: Posture, frames: Frames | None = None
) -> Iterator[tuple[Cursor, dict[str, Any]]]:
    """A cursor with the selected scans as view ``period_end_scans``, and the parameters of queries over them.

    The parameters are the scope's filters, and first and last day of the selected scans within the period. All queries
    run in one transaction, so that selection and counts are of one snapshot.
    """
    with session.cursor(frames) as cursor:
        cursor.execute("BEGIN TRANSACTION")
        selected = _selected_scans(session, cursor, scope.organization, posture)
        cursor.register("period_end_scans", selected.to_arrow())
        days = selected["observed_date"]
        latest = posture.last_utc_date if isinstance(posture, Period) else posture.day
        first, last = min(days, default=latest), max(days, default=latest)
        narrow_tables(cursor, scope, first, last)
        bounds = {"first_date": first, "last_date": last}
        yield cursor, {"organization": scope.organization} | bounds | scope_filters(scope)
        cursor.execute("COMMIT")


@contextmanager
def carried_cursor(
    session: LakeSession, scope: Scope, period: Period, frames: Frames | None = None, *, since: date | None = None
) -> Iterator[tuple[Cursor, dict[str, Any]]]:
    """A cursor with the table ``carried_scans`` and the view ``posture_days``, and the parameters of queries over them.

    Wanted are all days of ``period`` in its zone; scans of up to ``session.carry_days`` days count on each. Checks and
    targets without a scan from ``since`` on do not count; None: all do.
    """
    first = period.first_date - timedelta(days=session.carry_days - 1)
    read = Period(start=Period.of_days(first, first, period.zone).start, end=period.end, zone=period.zone)
    parameters = period_parameters(scope.organization, read)
    with session.cursor(frames) as cursor:
        cursor.execute("BEGIN TRANSACTION")
        days = _posture_days(read, wanted_from=period.first_date)
        _make_carried_scans(session, cursor, parameters, days, since=since)
        bounds = {name: parameters[name] for name in ("organization", "first_date", "last_date")}
        narrow_tables(cursor, scope, bounds["first_date"], bounds["last_date"])
        yield cursor, bounds | scope_filters(scope)
        cursor.execute("COMMIT")


def fetch_period_end(
    session: LakeSession,
    name: str,
    scope: Scope,
    posture: Posture,
    *,
    more: dict[str, Any] | None = None,
    frames: Frames | None = None,
) -> pl.DataFrame:
    """Rows of ``sql/<name>.sql`` over the period-end posture, or that of a day, with ``more`` parameters."""
    with period_end_cursor(session, scope, posture, frames) as (cursor, parameters):
        return fetch_frame(cursor, name, parameters | (more or {}))


def fetch_counts(session: LakeSession, name: str, scope: Scope, posture: Posture) -> pl.DataFrame:
    """As ``fetch_period_end``, of a query with few rows, which a lake at a snapshot keeps."""
    return session.recall((name, scope, posture), lambda: fetch_period_end(session, name, scope, posture))


def fetch_daily(
    session: LakeSession,
    name: str,
    scope: Scope,
    period: Period,
    *,
    since: date | None = None,
    more: dict[str, Any] | None = None,
    frames: Frames | None = None,
) -> pl.DataFrame:
    """Rows of ``sql/<name>.sql`` over the posture as last known on each day of ``period``, with ``more`` parameters.

    Checks and targets without a scan from ``since`` on do not count; None: all do.
    """
    with carried_cursor(session, scope, period, frames, since=since) as (cursor, parameters):
        return fetch_frame(cursor, name, parameters | (more or {}))


def _selected_scans(session: LakeSession, cursor: Cursor, organization: str, posture: Posture) -> pl.DataFrame:
    """Grain: see ``sql/period_end_scans.sql``."""
    return session.recall(
        ("period_end_scans", organization, posture),
        lambda: (
            fetch_frame(cursor, "period_end_scans", period_parameters(organization, posture))
            if isinstance(posture, Period)
            else _scans_of_day(session, cursor, organization, posture)
        ),
    )


def _scans_of_day(session: LakeSession, cursor: Cursor, organization: str, known: LastKnown) -> pl.DataFrame:
    read = scans_read(session, known)
    if known.since is not None and known.before is not None:
        read = Period(start=read.start, end=known.before, zone=read.zone)
    parameters = period_parameters(organization, read)
    _make_carried_scans(session, cursor, parameters, _posture_days(read), since=known.since)
    return fetch_frame(cursor, "carried_scans_of_day", {"day": known.day})


def _make_carried_scans(
    session: LakeSession, cursor: Cursor, parameters: dict[str, Any], days: pl.DataFrame, *, since: date | None
) -> None:
    cursor.register("posture_days", days.to_arrow())
    cursor.execute(sql("carried_scans"), parameters | {"carry_days": session.carry_days, "since": since})


def _posture_days(read: Period, wanted_from: date | None = None) -> pl.DataFrame:
    """``day``, ``start_us`` (its first microsecond since 1970) and ``is_wanted`` for each day of ``read``."""
    days = list(read.days())
    starts = [int(Period.of_days(day, day, read.zone).start.timestamp()) * 1_000_000 for day in days]
    return pl.DataFrame(
        {"day": days, "start_us": starts, "is_wanted": [wanted_from is None or day >= wanted_from for day in days]},
        schema={"day": pl.Date, "start_us": pl.Int64, "is_wanted": pl.Boolean},
    )
