"""Counts of reports by organisation, type, framework and status; every change updates them, so lists count nothing."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from policycortex.storage.registry.base import insert_for
from policycortex.storage.registry.rows import ReportFilter
from policycortex.storage.registry.tables import report_tallies


def shift_tally(connection: Connection, row: Mapping[str, Any], step: int) -> None:
    """Add ``step`` to the count of reports with these columns, within the caller's transaction."""
    values = {
        "organization": row["organization"],
        "type": row["type"],
        "framework": row["framework"] or "",
        "status": row["status"],
        "count": step,
    }
    connection.execute(_shift(connection.dialect.name), values)


def load_tally(connection: Connection, organization: str, wanted: ReportFilter) -> int:
    """Number of reports, without deleted ones, that match type, framework and status."""
    names = ("type", "framework", "status")
    given = {name: getattr(value, "value", value) for name in names if (value := getattr(wanted, name)) is not None}
    query = _sum_query(tuple(given))
    return int(connection.execute(query, {"organization": organization, **given}).scalar_one())


@lru_cache(maxsize=8)
def _sum_query(given: tuple[str, ...]) -> Select[int]:
    where = [report_tallies.c[name] == bindparam(name) for name in ("organization", *given)]
    return select(func.coalesce(func.sum(report_tallies.c["count"]), 0)).where(*where)


@cache
def _shift(dialect: str) -> postgresql.Insert | sqlite.Insert:
    """Built once: building a statement costs as much as executing it."""
    counted = insert_for(dialect, report_tallies)
    raised = {"count": report_tallies.c["count"] + counted.excluded["count"]}
    return counted.on_conflict_do_update(index_elements=list(report_tallies.primary_key.columns), set_=raised)
