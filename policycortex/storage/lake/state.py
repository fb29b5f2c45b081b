"""Builds a day's state, coverage and tallies from its findings, in one transaction.

Running again changes nothing; a late file makes only the days of its findings stale.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from policycortex.scope import Scope
from policycortex.storage.lake.partition_spans import run_by_organization
from policycortex.storage.lake.scan_selection import scope_filters
from policycortex.storage.lake.scope_views import scope_cursor
from policycortex.storage.lake.session import Cursor, LakeSession, fetch_frame, run

_LAST_DATE: Final = date(9999, 12, 31)
_SORTED_AT_ONCE: Final = 100_000
"""Findings of one INSERT, which sorts them: a million do not fit into DuckDB's default memory."""
_NOTHING: Final[Mapping[str, Any]] = {}
_TABLES: Final = ("state", "coverage", "tallies", "builds")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """Rows of one day after its rebuild."""

    day: date
    findings: int
    """Distinct findings: each counts once, in however many files it is."""
    coverage: int
    tallies: int


class LakeState:
    """State, coverage and tallies per day, of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def rebuild_state(
        self, days: Iterable[date], account_environments: Mapping[str, str] | None = None
    ) -> tuple[DayCounts, ...]:
        """Replace finding_state, scan_coverage and check_tallies of these days, of all organisations; counts per day.

        A day is one transaction. Environment: the resource's tag, else ``account_environments``, else ``unknown``.
        """
        wanted = tuple(sorted(set(days)))
        if not wanted:
            return ()
        bounds = {"first_date": wanted[0], "last_date": wanted[-1]}
        present = dict(self._session.fetch("state_days", bounds).iter_rows())
        known = account_environments or {}
        accounts = {"account_ids": list(known), "environments": list(known.values())}
        rebuilt = {day: _rebuild_day(self._session, day, present[day], accounts) for day in wanted if day in present}
        return tuple(rebuilt.get(day, DayCounts(day=day, findings=0, coverage=0, tallies=0)) for day in wanted)

    def load_stale_days(self, first: date, last: date) -> tuple[date, ...]:
        """UTC days from ``first`` to ``last``, both in, that imports have touched since they were last rebuilt."""
        rows = self._session.fetch("stale_days", {"first_date": first, "last_date": last})
        return tuple(rows["observed_date"].to_list())

    def load_scan_days(self, first: date, last: date) -> tuple[date, ...]:
        """UTC days from ``first`` to ``last``, both in, that imported files have findings or clean scans of."""
        rows = self._session.fetch("scan_days", {"first_date": first, "last_date": last})
        return tuple(rows["observed_date"].to_list())

    def has_unbuilt_imports(self, organization: str, first: date, last: date) -> bool:
        """Whether the state of these UTC days lacks imports of this organisation; those of others do not count."""
        bounds = {"organization": organization, "first_date": first, "last_date": last}
        return not self._session.fetch_kept("stale_days_of_organization", bounds).is_empty()

    def load_newest_scans(self, scope: Scope, since: date) -> pl.DataFrame:
        """``provider``, ``account_id`` and ``scanned_at`` of each account in scope that has findings since that day."""
        parameters = {"organization": scope.organization, "first_date": since} | scope_filters(scope)
        with scope_cursor(self._session, scope, since, _LAST_DATE) as cursor:
            return fetch_frame(cursor, "newest_scans", parameters)


def _rebuild_day(
    session: LakeSession, day: date, organizations: Sequence[str], accounts: Mapping[str, Any]
) -> DayCounts:
    def work(cursor: Cursor) -> DayCounts:
        def insert(table: str, more: Mapping[str, Any] = _NOTHING) -> int:
            return run_by_organization(cursor, f"{table}_insert", {"day": day, **more}, organizations)

        for table in _TABLES:
            run(cursor, f"{table}_delete", {"day": day})
        run(cursor, "builds_insert", {"day": day})
        findings = sum(insert("state", {**accounts, **span}) for span in _check_spans(cursor, day))
        # Ages are built later. Until then each failing finding has the age of its day, which never lowers the risk.
        run(cursor, "analytics_tallies_delete", {"day": day})
        insert("analytics_tallies")
        return DayCounts(
            day=day,
            findings=findings,
            coverage=insert("coverage"),
            tallies=insert("tallies"),
        )

    return session.write(f"rebuild the state of {day}", work)


def _check_spans(cursor: Cursor, day: date) -> Iterator[dict[str, Any]]:
    """Half-open spans of checks with not many findings each, unless one check has more; together they have all."""
    first, held = None, 0
    for check_id, findings in fetch_frame(cursor, "checks_of_day", {"day": day}).iter_rows():
        if held and held + findings > _SORTED_AT_ONCE:
            yield {"first_check": first, "end_check": check_id}
            first, held = check_id, 0
        held += findings
    yield {"first_check": first, "end_check": None}
