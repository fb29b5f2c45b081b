"""Narrows the lake's tables to a scope by service, region, tag and owner, for all queries of one cursor.

Tables that are counted per day have no region and no tags. For such a scope the cursor gets views of their names that
count the scope's findings: every query then counts the same findings, and no query knows these filters. Other scopes
read the stored tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

from policycortex.documents.tables import OWNER_TAGS
from policycortex.scope import NO_OWNER, Scope
from policycortex.storage.lake.session import Cursor, LakeSession, sql

_TYPES: Final = {
    "scope_organization": "VARCHAR",
    "scope_first": "DATE",
    "scope_last": "DATE",
    "scope_ended_from": "DATE",
    "scope_services": "VARCHAR[]",
    "scope_regions": "VARCHAR[]",
    "scope_owners": "VARCHAR[]",
    "scope_owner_tags": "VARCHAR[]",
    "scope_no_owner": "VARCHAR",
    "scope_tags": "STRUCT(key VARCHAR, accepted VARCHAR[])[]",
}


def narrow_tables(cursor: Cursor, scope: Scope, first: date, last: date, *, ended_from: date | None = None) -> None:
    """Let this cursor's queries of the days from ``first`` to ``last`` read the scope's findings only.

    ``ended_from``: also the remediations from that day on.
    """
    names = _views(scope)
    if not names:
        return
    _set_variables(cursor, scope, first=first, last=last, ended_from=ended_from or last)
    for name in (*names, *(["scope_remediations"] if ended_from is not None else [])):
        for statement in cursor.extract_statements(sql(name)):
            cursor.execute(statement)


@contextmanager
def scope_cursor(
    session: LakeSession, scope: Scope, first: date, last: date, *, lookback_days: int | None = None
) -> Iterator[Cursor]:
    """A cursor whose queries of these days read the scope's findings only.

    ``lookback_days``: also its remediations, which depend on scans of so many days before ``first``.
    """
    with session.cursor() as cursor:
        if lookback_days is None:
            narrow_tables(cursor, scope, first, last)
        else:
            narrow_tables(cursor, scope, first - timedelta(days=lookback_days), last, ended_from=first)
        yield cursor


def _views(scope: Scope) -> tuple[str, ...]:
    if scope.reads_tags:
        return "scope_states_tagged", "scope_counts"
    if scope.is_by_finding:
        return "scope_states", "scope_counts"
    return ("scope_services",) if scope.services else ()


def _set_variables(cursor: Cursor, scope: Scope, *, first: date, last: date, ended_from: date) -> None:
    values: dict[str, Any] = {
        "scope_organization": scope.organization,
        "scope_first": first,
        "scope_last": last,
        "scope_ended_from": ended_from,
        "scope_services": [each.lower() for each in scope.services],
        "scope_regions": [each.lower() for each in scope.regions],
        "scope_owners": [each.lower() for each in scope.owners],
        "scope_owner_tags": list(OWNER_TAGS),
        "scope_no_owner": NO_OWNER,
        "scope_tags": [{"key": tag.key, "accepted": list(tag.values)} for tag in scope.tags],
    }
    for name, value in values.items():
        cursor.execute(f"SET VARIABLE {name} = $value::{_TYPES[name]}", {"value": value})
