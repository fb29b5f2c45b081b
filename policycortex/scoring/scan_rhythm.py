"""Which accounts a scan left out that scans before it had looked at, and which have gone silent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Final

_MISSED_GAPS: Final = 2
"""An account is silent after more than twice its usual time between two scans."""
_SMALLEST_SHARE: Final = 0.9
"""A scan of an account is smaller when it ran less than this share of the checks of the scan before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDay:
    """One day on which one account was scanned."""

    organization: str
    source: str
    provider: str
    account_id: str
    day: date
    checks: int
    """Number of distinct checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentAccount:
    """An account that a scan was expected to look at, and did not."""

    organization: str
    source: str
    provider: str
    account_id: str
    last_day: date
    """Its newest scan."""
    newest_day: date
    """The newest scan of the same source."""
    is_missing_in_newest: bool
    """True: the scan before the newest one had it. False: it has been away for longer than its usual time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallerScan:
    """An account whose newest scan ran fewer checks than the one before."""

    organization: str
    source: str
    account_id: str
    day: date
    checks: int
    previous_day: date
    previous_checks: int


def silent_accounts(days: Iterable[AccountDay]) -> tuple[SilentAccount, ...]:
    """By organisation and source, then by account.

    Scans of different accounts on different days are not compared: two days belong to the same kind of scan only if
    they have an account in common.
    """
    found = []
    for accounts in _by_source(days).values():
        newest = max(rows[-1].day for rows in accounts.values())
        before = [row.day for rows in accounts.values() for row in rows if row.day < newest]
        previous = max(before, default=None)
        on_newest = {account for account, rows in accounts.items() if rows[-1].day == newest}
        on_previous = {account for account, rows in accounts.items() if any(row.day == previous for row in rows)}
        expected = on_previous if on_previous & on_newest else set()
        for account, rows in sorted(accounts.items()):
            if account in on_newest:
                continue
            if account in expected or (newest - rows[-1].day).days > _MISSED_GAPS * _usual_gap(rows):
                found.append(_silent(rows[-1], newest, is_missing_in_newest=account in expected))
    return tuple(found)


def smaller_scans(days: Iterable[AccountDay]) -> tuple[SmallerScan, ...]:
    """Accounts whose newest scan ran less than nine tenths of the checks of their scan before."""
    found = []
    for accounts in _by_source(days).values():
        for account, rows in sorted(accounts.items()):
            if len(rows) > 1 and rows[-1].checks < _SMALLEST_SHARE * rows[-2].checks:
                found.append(
                    SmallerScan(
                        organization=rows[-1].organization,
                        source=rows[-1].source,
                        account_id=account,
                        day=rows[-1].day,
                        checks=rows[-1].checks,
                        previous_day=rows[-2].day,
                        previous_checks=rows[-2].checks,
                    )
                )
    return tuple(found)


def _by_source(days: Iterable[AccountDay]) -> Mapping[tuple[str, str, str], Mapping[str, Sequence[AccountDay]]]:
    """Each account's days in order, by organisation, source and provider."""
    found: defaultdict[tuple[str, str, str], defaultdict[str, list[AccountDay]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in sorted(days, key=lambda each: each.day):
        found[row.organization, row.source, row.provider][row.account_id].append(row)
    return {source: found[source] for source in sorted(found)}


def _usual_gap(rows: Sequence[AccountDay]) -> float:
    """Median of the days between two scans; infinite for a single scan, of which no rhythm is known."""
    gaps = [(late.day - early.day).days for early, late in pairwise(rows)]
    return float(median(gaps)) if gaps else float("inf")


def _silent(last: AccountDay, newest: date, *, is_missing_in_newest: bool) -> SilentAccount:
    return SilentAccount(
        organization=last.organization,
        source=last.source,
        provider=last.provider,
        account_id=last.account_id,
        last_day=last.day,
        newest_day=newest,
        is_missing_in_newest=is_missing_in_newest,
    )
