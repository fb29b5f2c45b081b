"""Gives numbers to weaknesses that have none, after days were built. Running again changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from policycortex.scoring.poam import NumberedWeakness, find_weaknesses, give_numbers, number_weaknesses
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake

FIRST_DAY: Final = date(1970, 1, 1)
"""Plans of action read all days from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCounts:
    """Weaknesses of one organisation."""

    organization: str
    open: int
    closed: int
    new_numbers: int
    """Given by this call."""


def number_all_weaknesses(settings: Settings, *, now: datetime | None = None) -> tuple[NumberedCounts, ...]:
    """Give a number to each weakness without one, for every organisation."""
    with open_lake(settings) as lake:
        return tuple(number_organization(lake, name, now=now) for name in lake.imports.load_organizations())


def number_organization(lake: Lake, organization: str, *, now: datetime | None = None) -> NumberedCounts:
    """Give a number to each weakness of ``organization`` without one, in the order in which they opened."""
    weaknesses = find_weaknesses(lake.poam.load_levels(organization))
    scans = lake.poam.load_numbered_scans(organization)
    numbered = number_weaknesses(weaknesses, lake.poam.load_numbers(organization), scans)
    new = 0
    if any(each.number is None for each in numbered):
        give = _giver(numbered, scans)
        new = lake.poam.add_numbers(organization, give, now=now or datetime.now(UTC))
    closed = sum(each.closed is not None for each in weaknesses)
    return NumberedCounts(organization=organization, open=len(weaknesses) - closed, closed=closed, new_numbers=new)


def _giver(numbered: tuple[NumberedWeakness, ...], scans: pl.DataFrame) -> Callable[[pl.DataFrame, int], pl.DataFrame]:
    """Numbers for those that have none by then: another process may have given some meanwhile."""

    def give(given: pl.DataFrame, next_number: int) -> pl.DataFrame:
        today = number_weaknesses([each.weakness for each in numbered], given, scans)
        return give_numbers(today, next_number=next_number)

    return give
