"""The period-end posture's choice of scans, made before anything is counted over it.

A month of daily scans is closed by the last of them: whoever knows the choice opens one day's files instead of thirty.
A lake at a snapshot makes the choice of a period once, for all that a report asks of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.session import Cursor, Frames, LakeSession, fetch_frame


def period_parameters(organization: str, period: Period) -> dict[str, Any]:
    """Parameters of those who choose scans."""
    return {
        "organization": organization,
        "first_date": period.first_date,
        "last_date": period.last_date,
        "start_at": period.start,
        "end_at": period.end,
    }


def scope_filters(scope: Scope) -> dict[str, Any]:
    """A scope's filters alone; an empty list filters nothing."""
    return {
        "environments": list(scope.environments),
        "providers": list(scope.cloud_providers),
        "accounts": list(scope.accounts),
    }


@contextmanager
def period_end_cursor(
    session: LakeSession, scope: Scope, period: Period, frames: Frames | None = None
) -> Iterator[tuple[Cursor, dict[str, Any]]]:
    """A cursor that sees the period's choice as ``period_end_scans``, and the parameters of every reader over it.

    These are the scope's filters, and first and last day of the chosen scans within the period. All is one transaction,
    so that choice and counts are of one snapshot.
    """
    with session.cursor(frames) as cursor:
        cursor.execute("BEGIN TRANSACTION")
        chosen = _period_end_scans(session, cursor, scope.organization, period)
        cursor.register("period_end_scans", chosen.to_arrow())
        days = chosen["observed_date"]
        bounds = {"first_date": days.min() or period.last_date, "last_date": days.max() or period.last_date}
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
    """Rows of ``sql/<name>.sql`` over the period-end posture, given ``more`` parameters."""
    with period_end_cursor(session, scope, period, frames) as (cursor, asked):
        return fetch_frame(cursor, name, asked | (more or {}))


def _period_end_scans(session: LakeSession, cursor: Cursor, organization: str, period: Period) -> pl.DataFrame:
    """Grain: see ``sql/period_end_scans.sql``."""
    return session.recall(
        ("period_end_scans", organization, period),
        lambda: fetch_frame(cursor, "period_end_scans", period_parameters(organization, period)),
    )
