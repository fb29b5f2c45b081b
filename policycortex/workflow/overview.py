"""One organisation at a glance: progress of its frameworks, overdue findings, silent accounts, newest scans.

Read from stored daily results up to the newest evaluated day. Nothing is evaluated here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.scope import Scope
from policycortex.scoring.ages import AgeSummary, summarize_ages
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.framework_progress import FrameworkProgress, MetCount, measure_progress
from policycortex.scoring.models import DEFAULT_MODEL
from policycortex.scoring.scan_rhythm import AccountDay, SilentAccount, silent_accounts
from policycortex.scoring.trend_causes import DayCause, ScoredDay
from policycortex.scoring.waivers import Waiver, waivers_in_force
from policycortex.storage.lake.lake import Lake
from policycortex.storage.lake.scan_selection import LastKnown

OVERVIEW_DAYS: Final = timedelta(days=35)
"""Days before the newest evaluated one that are read: as long as a scan counts by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedDay:
    """The accounts that one source scanned on one day."""

    source: str
    provider: str
    day: date
    accounts: int
    checks: int
    """The most checks that ran in one of the accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """An organisation up to its newest evaluated day."""

    newest_day: date
    first_day: date
    """The first day that was read; scans before it may still count."""
    frameworks: tuple[FrameworkProgress, ...]
    """Of frameworks with a score, by id."""
    ages: tuple[AgeSummary, ...]
    """Failing findings by severity against the agreed days, worst severity first."""
    silent: tuple[SilentAccount, ...]
    account_names: Mapping[str, str]
    """Names of silent accounts by id, where findings name them."""
    scans: tuple[ScannedDay, ...]
    """Newest day of each source and provider, newest first."""


def load_overview(
    lake: Lake,
    organization: str,
    frameworks: Mapping[str, Framework],
    *,
    waivers: Sequence[Waiver],
    sla_days: Mapping[str, int],
    now: datetime,
) -> Overview | None:
    """The overview of what was evaluated up to now; None where nothing was."""
    newest = lake.overview.load_newest_day(organization, now.date())
    if newest is None:
        return None
    first = newest - OVERVIEW_DAYS
    items = lake.analytics.load_risk_items(
        Scope(organization=organization), LastKnown(day=newest), waivers=waivers_in_force(waivers, now)
    )
    days = _account_days(lake, organization, first, newest)
    silent = silent_accounts(days)
    names = lake.data_checks.load_account_names(
        {each.account_id for each in silent}, {each.last_day for each in silent}
    )
    return Overview(
        newest_day=newest,
        first_day=first,
        frameworks=_progress(lake, organization, frameworks, first, newest),
        ages=summarize_ages(items, as_of=now.date(), sla_days=sla_days),
        silent=silent,
        account_names={account: name for (owner, account), name in names.items() if owner == organization},
        scans=_newest_scans(days),
    )


def _progress(
    lake: Lake, organization: str, frameworks: Mapping[str, Framework], first: date, last: date
) -> tuple[FrameworkProgress, ...]:
    scores = lake.overview.load_scores(organization, first, last, model=DEFAULT_MODEL)
    scored = _by_framework(scores.filter(pl.col("denominator") > 0), frameworks)
    if not scored:
        return ()
    ends = {rows[end]["observed_date"] for rows in scored.values() for end in (0, -1)}
    results = _by_framework(lake.overview.load_requirements(organization, ends), frameworks)
    causes = _by_framework(lake.overview.load_causes(organization, first, last), frameworks)
    return tuple(
        measure_progress(
            id_,
            [
                ScoredDay(day=row["observed_date"], passed=int(row["numerator"]), assessed=int(row["denominator"]))
                for row in rows
            ],
            {
                row["observed_date"]: MetCount(met=row["met"], assessed=row["assessed"])
                for row in results.get(id_, ())
                if row["assessed"]
            },
            [_cause(row) for row in causes.get(id_, ())],
        )
        for id_, rows in sorted(scored.items())
    )


def _by_framework(rows: pl.DataFrame, frameworks: Mapping[str, Framework]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Rows of known frameworks in the edition that they are shown in."""
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    shown = {(id_, framework.stored_edition.value) for id_, framework in frameworks.items()}
    for row in rows.iter_rows(named=True):
        if (row["framework_id"], row["edition"]) in shown:
            found[row["framework_id"]].append(row)
    return found


def _cause(row: Mapping[str, Any]) -> DayCause:
    return DayCause(
        day=row["observed_date"],
        cause=Cause(row["cause"]),
        findings=row["findings"],
        points=None if row["points"] is None else Fraction(row["points"]),
    )


def _account_days(lake: Lake, organization: str, first: date, last: date) -> tuple[AccountDay, ...]:
    rows = lake.overview.load_account_days(organization, first, last)
    return tuple(
        AccountDay(
            organization=organization,
            source=row["source"],
            provider=row["provider"] or "",
            account_id=row["account_id"],
            day=row["observed_date"],
            checks=row["checks"],
        )
        for row in rows.iter_rows(named=True)
    )


def _newest_scans(days: Iterable[AccountDay]) -> tuple[ScannedDay, ...]:
    by_source: defaultdict[tuple[str, str], list[AccountDay]] = defaultdict(list)
    for each in days:
        by_source[each.source, each.provider].append(each)
    found = []
    for (source, provider), rows in by_source.items():
        day = max(row.day for row in rows)
        newest = [row for row in rows if row.day == day]
        checks = max(row.checks for row in newest)
        found.append(ScannedDay(source=source, provider=provider, day=day, accounts=len(newest), checks=checks))
    return tuple(sorted(found, key=lambda each: (-each.day.toordinal(), each.source, each.provider)))
