"""Selects the scans of the period-end posture, before anything is counted.

The last of a month's daily scans usually decides the period-end posture: with the selection, queries read one day's
files instead of thirty. A lake at a snapshot selects the scans of a period once, for all queries of a report.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.session import Cursor, Frames, LakeSession, fetch_frame


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
    """A scope's filters; an empty list filters nothing."""
    return {
        "environments": list(scope.environments),
        "providers": list(scope.cloud_providers),
        "accounts": list(scope.accounts),
    }


@contextmanager
def period_end_cursor(
    session: LakeSession, scope: Scope, period: Period, frames: Frames | None = None
) -> Iterator[tuple[Cursor, dict[str, Any]]]:
    """A cursor with the selected scans as view ``period_end_scans``, and the parameters of queries over them.

    The parameters are the scope's filters, and first and last day of the selected scans within the period. All queries
    run in one transaction, so that selection and counts are of one snapshot.
    """
    with session.cursor(frames) as cursor:
        cursor.execute("BEGIN TRANSACTION")
        selected = _period_end_scans(session, cursor, scope.organization, period)
        cursor.register("period_end_scans", selected.to_arrow())
        days = selected["observed_date"]
        bounds = {"first_date": days.min() or period.last_utc_date, "last_date": days.max() or period.last_utc_date}
        yield cursor, {"organization": scope.organization} | bounds | scope_filters(scope)
        cursor.execute("COMMIT")


def fetch_period_end(
    session: LakeSession,
    name: str,
    scope: Scope,
    period: Period,
    *,
    more: dict[str, Any] | None = None,
    frames: Frames | None = None,
) -> pl.DataFrame:
    """Rows of ``sql/<name>.sql`` over the period-end posture, with ``more`` parameters."""
    with period_end_cursor(session, scope, period, frames) as (cursor, parameters):
        return fetch_frame(cursor, name, parameters | (more or {}))


def _period_end_scans(session: LakeSession, cursor: Cursor, organization: str, period: Period) -> pl.DataFrame:
    """Grain: see ``sql/period_end_scans.sql``."""
    return session.recall(
        ("period_end_scans", organization, period),
        lambda: fetch_frame(cursor, "period_end_scans", period_parameters(organization, period)),
    )
