"""Daily truth made from findings: state, coverage and tallies of a day, replaced in one transaction.

Running again changes nothing; a late file re-opens the days it touches and no others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from policycortex.storage.lake.session import Cursor, LakeSession, run

_TABLES: Final = ("state", "coverage", "tallies", "builds")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """Rows of one day after its rebuild."""

    day: date
    findings: int
    """Distinct findings: each counted once however many files brought it."""
    coverage: int
    tallies: int


def rebuild_state(
    session: LakeSession, days: Iterable[date], account_environments: Mapping[str, str]
) -> tuple[DayCounts, ...]:
    """See ``Lake.rebuild_state``."""
    wanted = tuple(sorted(set(days)))
    if not wanted:
        return ()
    bounds = {"first_date": wanted[0], "last_date": wanted[-1]}
    present = set(wanted).intersection(session.fetch("state_days", bounds)["observed_date"].to_list())
    accounts = {"account_ids": list(account_environments), "environments": list(account_environments.values())}
    rebuilt = {day: _rebuild_day(session, day, accounts) for day in sorted(present)}
    return tuple(rebuilt.get(day, DayCounts(day=day, findings=0, coverage=0, tallies=0)) for day in wanted)


def _rebuild_day(session: LakeSession, day: date, accounts: Mapping[str, Any]) -> DayCounts:
    def work(cursor: Cursor) -> DayCounts:
        for table in _TABLES:
            run(cursor, f"{table}_delete", {"day": day})
        run(cursor, "builds_insert", {"day": day})
        findings = run(cursor, "state_insert", {"day": day, **accounts})
        # Ages are built later; until then every failing finding is there, as old as its day: never a lower risk.
        run(cursor, "analytics_tallies_delete", {"day": day})
        run(cursor, "analytics_tallies_insert", {"day": day})
        return DayCounts(
            day=day,
            findings=findings,
            coverage=run(cursor, "coverage_insert", {"day": day}),
            tallies=run(cursor, "tallies_insert", {"day": day}),
        )

    return session.write(f"rebuild the state of {day}", work)


def load_stale_days(session: LakeSession, first: date, last: date) -> tuple[date, ...]:
    """See ``Lake.load_stale_days``."""
    rows = session.fetch("stale_days", {"first_date": first, "last_date": last})
    return tuple(rows["observed_date"].to_list())
