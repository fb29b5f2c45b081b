"""Plan of action and milestones: which weaknesses were open from when to when, and which number each one has.

A weakness is a check that fails in an account. It opens with the first scan that sees an unmuted failing finding and
closes with the first scan after which none is left in any scan target. Only scans that looked count, so nothing closes
because it was not scanned. A weakness that fails again later is a new one: its number is new and names the former.

Openings and closings follow from the findings alone, so that rebuilt days and late files give the same dates. A number
is given once. It names one scan that saw the weakness fail and belongs to whatever weakness was open at that scan: a
late file may move the opening, and the number stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import polars as pl

from policycortex.names import Severity

FIRST_NUMBER: Final = 1
_SEVERITIES: Final = tuple(Severity)

NOT_FAILING: Final = 0
"""Level of a scan target after a scan: no failing finding. 1 to 5: the worst severity of unmuted failing ones."""
MUTED_ONLY: Final = 9
"""Level of a scan target all of whose failing findings are muted."""

_KEY_COLUMNS: Final = {
    "source": pl.String(),
    "provider": pl.String(),
    "account_id": pl.String(),
    "check_id": pl.String(),
}
_RANK_COLUMNS: Final = {
    "seen_at": pl.Datetime("us", "UTC"),
    "scan_at": pl.Datetime("us", "UTC"),
    "scan_key": pl.String(),
}

LEVEL_SCHEMA: Final = pl.Schema({**_KEY_COLUMNS, "scan_target": pl.String(), **_RANK_COLUMNS, "level": pl.Int64()})
"""Grain: one scan after which the level of a check in a scan target differs from before it."""

LOOKED_SCHEMA: Final = pl.Schema(
    {**_KEY_COLUMNS, "scan_target": pl.String(), **_RANK_COLUMNS, "is_part": pl.Boolean(), "level": pl.Int64()}
)
"""Grain: one scan that looked at a check in a scan target, with the level of what it found; ``is_part``: it is a part
of a scan and has not looked at what it lacks. Scans that repeat the level of the one before may be left out."""

SCAN_SCHEMA: Final = pl.Schema({"source": pl.String(), "account_id": pl.String(), **_RANK_COLUMNS})
"""Grain: one scan of an account, with its place in the order of scans."""

NUMBER_SCHEMA: Final = pl.Schema({"number": pl.Int64(), **_KEY_COLUMNS, **_RANK_COLUMNS})
"""Grain: one number that was given; the last three columns name the scan that saw the weakness fail."""


class WeaknessKey(NamedTuple):
    """What can be weak: a scanner's check in an account."""

    source: str
    provider: str
    account_id: str
    check_id: str


class ScanRank(NamedTuple):
    """A scan's place in the order of scans of an account: its newest finding, its own time, its key."""

    seen_at: datetime
    scan_at: datetime
    scan_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One check that failed in one account without a break, as known from the scans that were read."""

    key: WeaknessKey
    opened: ScanRank
    closed: ScanRank | None
    """The scan after which nothing failed; None: it is open."""
    severity_since: Mapping[str, date]
    """UTC day of the first scan that saw each severity in it."""
    is_muted: bool = False
    """Whether it is open and the scanner mutes all that fails."""

    @property
    def severity(self) -> str:
        """The worst severity that it had."""
        return next(severity for severity in _SEVERITIES if severity in self.severity_since)

    def due_on(self, sla_days: Mapping[str, int]) -> date:
        """The day by which it is to be fixed: the earliest of all severities that it had, each from its first day.

        So a due date never becomes later while the weakness is open; a worse severity counts from the day it was seen.
        """
        return min(since + timedelta(days=sla_days[severity]) for severity, since in self.severity_since.items())

    def was_open_at(self, rank: ScanRank) -> bool:
        """Whether it was open just after the scan with this rank."""
        return self.opened <= rank and (self.closed is None or rank < self.closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedWeakness:
    """A weakness with its number."""

    weakness: Weakness
    number: int | None
    """None where no number was given yet."""
    previous: int | None = None
    """Number of the weakness of the same key that was closed before; None for the first."""
    has_previous: bool = False
    """Whether there was one before, with or without a number."""
    merged: tuple[int, ...] = ()
    """Other numbers of it: a late file showed that it never closed between them."""


@dataclass(slots=True)
class _Open:
    """A weakness while its scans are read."""

    opened: ScanRank
    severity_since: dict[str, date] = field(default_factory=dict)


def changed_levels(looked: pl.DataFrame) -> pl.DataFrame:
    """The scans of ``looked`` (LOOKED_SCHEMA) after which the level of a scan target differs, LEVEL_SCHEMA.

    After a scan that is a part of one, what the last complete one found still counts.
    """
    target = (*_KEY_COLUMNS, "scan_target")
    complete = pl.when(~pl.col("is_part")).then(pl.col("level")).forward_fill().over(target).fill_null(NOT_FAILING)
    own = pl.col("level")
    is_one = (own == NOT_FAILING) | (complete == NOT_FAILING)
    worst = pl.when(is_one).then(pl.max_horizontal(own, complete)).otherwise(pl.min_horizontal(own, complete))
    levels = looked.sort(*target, *_RANK_COLUMNS).with_columns(level=worst)
    before = pl.col("level").shift(1).over(target).fill_null(NOT_FAILING)
    return levels.filter(pl.col("level") != before).select(LEVEL_SCHEMA.names())


def find_weaknesses(levels: pl.DataFrame, *, until: datetime | None = None) -> tuple[Weakness, ...]:
    """All weaknesses in ``levels`` (LEVEL_SCHEMA), in the order of their opening, as known from scans before ``until``.

    What is known at a time does not depend on later scans. Without ``until`` all scans count.
    """
    known = levels if until is None else levels.filter(pl.col("seen_at") < until)
    ordered = known.select(LEVEL_SCHEMA.names()).sort(*_KEY_COLUMNS, *_RANK_COLUMNS)
    found: list[Weakness] = []
    for key, rows in groupby(ordered.iter_rows(), key=lambda row: WeaknessKey(*row[:4])):
        scans = groupby(rows, key=lambda row: ScanRank(*row[5:8]))
        found += _of_key(key, ((rank, {row[4]: row[8] for row in targets}) for rank, targets in scans))
    return tuple(sorted(found, key=_place))


def number_weaknesses(
    weaknesses: Iterable[Weakness], numbers: pl.DataFrame, scans: pl.DataFrame
) -> tuple[NumberedWeakness, ...]:
    """The weaknesses in their order, each with its number.

    ``numbers`` (NUMBER_SCHEMA) are those given so far, and ``scans`` (SCAN_SCHEMA) tell where their scans are in the
    order today: a further file of a scan can make it newer. Of several numbers of one weakness the smallest counts.
    """
    of_key: dict[WeaknessKey, list[Weakness]] = {}
    for weakness in weaknesses:
        of_key.setdefault(weakness.key, []).append(weakness)
    given = _given(numbers, scans)
    numbered = [each for key, members in of_key.items() for each in _numbered(members, given.get(key, ()))]
    return tuple(sorted(numbered, key=lambda each: _place(each.weakness)))


def give_numbers(numbered: Sequence[NumberedWeakness], *, next_number: int) -> pl.DataFrame:
    """New numbers from ``next_number`` on for those without one, in their order (NUMBER_SCHEMA)."""
    without = [each.weakness for each in numbered if each.number is None]
    rows = [(next_number + place, *weakness.key, *weakness.opened) for place, weakness in enumerate(without)]
    return pl.DataFrame(rows, schema=NUMBER_SCHEMA, orient="row")


def _place(weakness: Weakness) -> tuple[ScanRank, WeaknessKey]:
    return weakness.opened, weakness.key


def _of_key(key: WeaknessKey, scans: Iterable[tuple[ScanRank, Mapping[str, int]]]) -> Iterable[Weakness]:
    """The weaknesses of one key from the levels that each scan changed, oldest scan first."""
    levels: dict[str, int] = {}
    current: _Open | None = None
    for rank, changed in scans:
        levels |= changed
        failing = {level for level in levels.values() if NOT_FAILING < level < MUTED_ONLY}
        if current is None and failing:
            current = _Open(opened=rank)
        if current is None:
            continue
        for level in failing:
            current.severity_since.setdefault(_SEVERITIES[level - 1].value, rank.seen_at.date())
        if all(level == NOT_FAILING for level in levels.values()):
            yield Weakness(key=key, opened=current.opened, closed=rank, severity_since=current.severity_since)
            current = None
    if current is not None:
        is_muted = all(level in {NOT_FAILING, MUTED_ONLY} for level in levels.values())
        yield Weakness(
            key=key, opened=current.opened, closed=None, severity_since=current.severity_since, is_muted=is_muted
        )


def _given(numbers: pl.DataFrame, scans: pl.DataFrame) -> dict[WeaknessKey, list[tuple[int, ScanRank]]]:
    """Numbers of each key with the place of their scan today, or the stored one where the scan is not known."""
    today = {(row[0], row[1], row[4]): ScanRank(*row[2:]) for row in scans.select(SCAN_SCHEMA.names()).iter_rows()}
    found: dict[WeaknessKey, list[tuple[int, ScanRank]]] = {}
    for number, *rest in numbers.select(NUMBER_SCHEMA.names()).iter_rows():
        key, stored = WeaknessKey(*rest[:4]), ScanRank(*rest[4:])
        rank = today.get((key.source, key.account_id, stored.scan_key), stored)
        found.setdefault(key, []).append((number, rank))
    return found


def _numbered(members: Sequence[Weakness], given: Sequence[tuple[int, ScanRank]]) -> Iterable[NumberedWeakness]:
    """The weaknesses of one key with their numbers, each with that of the one before it."""
    previous: NumberedWeakness | None = None
    for weakness in sorted(members, key=attrgetter("opened")):
        own = sorted(number for number, rank in given if weakness.was_open_at(rank))
        previous = NumberedWeakness(
            weakness=weakness,
            number=own[0] if own else None,
            previous=previous.number if previous else None,
            has_previous=previous is not None,
            merged=tuple(own[1:]),
        )
        yield previous
