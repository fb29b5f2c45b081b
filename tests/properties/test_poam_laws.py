"""Weaknesses of a plan of action against a naive model, and what may never happen to a number that was given."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from policycortex.scoring.ages import SLA_DAYS
from policycortex.scoring.poam import (
    LEVEL_SCHEMA,
    LOOKED_SCHEMA,
    MUTED_ONLY,
    NOT_FAILING,
    NUMBER_SCHEMA,
    SCAN_SCHEMA,
    NumberedWeakness,
    changed_levels,
    find_weaknesses,
    give_numbers,
    number_weaknesses,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
TARGETS = ("eu", "us")
SEVERITIES = tuple(SLA_DAYS)
KEYS = (("prowler", "aws", "1", "c"), ("prowler", "aws", "2", "c"))

Scan = tuple[int, int, dict[str, int]]
"""Number of the key, tens of hours since START, level of each scan target that it looked at."""


@st.composite
def histories(draw: st.DrawFn) -> list[Scan]:
    """Scans at distinct times, in any order."""
    levels = st.sampled_from([NOT_FAILING, NOT_FAILING, 1, 3, MUTED_ONLY])
    looked = st.dictionaries(st.sampled_from(TARGETS), levels, min_size=1)
    hours = draw(st.lists(st.integers(0, 200), unique=True, max_size=14))
    return [(draw(st.integers(0, 1)), hour, draw(looked)) for hour in hours]


def moment(hour: int) -> datetime:
    """Time of a scan: ten hours each."""
    return START + timedelta(hours=10 * hour)


def levels_of(scans: list[Scan]) -> pl.DataFrame:
    """LEVEL_SCHEMA; levels that did not change are there, too, and may be."""
    rows = [
        (*KEYS[key], target, moment(hour), moment(hour), f"s{hour}", level)
        for key, hour, looked in scans
        for target, level in looked.items()
    ]
    return pl.DataFrame(rows, schema=LEVEL_SCHEMA, orient="row")


def scans_of(scans: list[Scan]) -> pl.DataFrame:
    """SCAN_SCHEMA."""
    rows = [(*KEYS[key][:3:2], moment(hour), moment(hour), f"s{hour}") for key, hour, _ in scans]
    return pl.DataFrame(rows, schema=SCAN_SCHEMA, orient="row")


def level_at(scans: list[Scan], key: int, target: str, hour: int) -> int:
    """What the newest scan of the target up to the hour says."""
    looked = [(at, levels[target]) for k, at, levels in scans if k == key and at <= hour and target in levels]
    return max(looked)[1] if looked else NOT_FAILING


def naive(scans: list[Scan], until: int) -> list[tuple[int, int, int | None, dict[str, date]]]:
    """Key, hour of opening and closing, and first days of severities; hour by hour, each from all scans before it."""
    found: list[tuple[int, int, int | None, dict[str, date]]] = []
    for key in range(len(KEYS)):
        opened: int | None = None
        since: dict[str, date] = {}
        for hour in range(min(until, 201)):
            now = [level_at(scans, key, target, hour) for target in TARGETS] if is_scanned(scans, key, hour) else None
            if now is None:
                continue
            worst = [level for level in now if level not in {NOT_FAILING, MUTED_ONLY}]
            if opened is None and worst:
                opened, since = hour, {}
            if opened is None:
                continue
            for level in worst:
                since.setdefault(SEVERITIES[level - 1], moment(hour).date())
            if now == [NOT_FAILING] * len(TARGETS):
                found.append((key, opened, hour, since))
                opened = None
        if opened is not None:
            found.append((key, opened, None, since))
    return found


def is_scanned(scans: list[Scan], key: int, hour: int) -> bool:
    """Whether a scan of the key is of this hour."""
    return any(k == key and at == hour for k, at, _ in scans)


@given(scans=histories(), until=st.integers(0, 201))
def test_weaknesses_are_those_of_a_naive_model(scans: list[Scan], until: int) -> None:
    """Openings, closings and first days of severities, as known at any time."""
    expected = {
        (KEYS[key], moment(opened), None if closed is None else moment(closed), tuple(sorted(since.items())))
        for key, opened, closed, since in naive(scans, until)
    }
    found = find_weaknesses(levels_of(scans), until=moment(until))
    assert {
        (
            tuple(each.key),
            each.opened.seen_at,
            each.closed.seen_at if each.closed else None,
            tuple(sorted(each.severity_since.items())),
        )
        for each in found
    } == expected
    assert len(found) == len(expected)


@given(scans=histories(), until=st.integers(0, 201))
def test_what_was_known_is_the_beginning_of_what_is_known(scans: list[Scan], until: int) -> None:
    """Later scans close a weakness or add one; they never change an opening, and a due date only until it is closed."""
    before = find_weaknesses(levels_of(scans), until=moment(until))
    after = {(each.key, each.opened): each for each in find_weaknesses(levels_of(scans))}
    for each in before:
        later = after[each.key, each.opened]
        assert each.closed in {None, later.closed}
        assert later.due_on(SLA_DAYS) <= each.due_on(SLA_DAYS)
        assert each.closed is None or later == each


def numbered(scans: list[Scan], numbers: pl.DataFrame) -> tuple[NumberedWeakness, ...]:
    """The weaknesses of the scans with these numbers."""
    return number_weaknesses(find_weaknesses(levels_of(scans)), numbers, scans_of(scans))


@given(scans=histories(), data=st.data())
def test_a_number_stays_with_its_weakness_whatever_is_imported_later(scans: list[Scan], data: st.DataObject) -> None:
    """Files come in any order and number; after each import the weaknesses without a number get one."""
    order = data.draw(st.permutations(scans))
    numbers = NUMBER_SCHEMA.to_frame()
    anchors: dict[int, tuple[object, ...]] = {}
    for count in range(len(order) + 1):
        known = order[:count]
        new = give_numbers(numbered(known, numbers), next_number=len(anchors) + 1)
        numbers = pl.concat([numbers, new])
        anchors |= {row[0]: row[1:] for row in new.iter_rows()}
        today = numbered(known, numbers)
        own = {number: each.weakness for each in today for number in (each.number, *each.merged)}
        assert None not in own
        assert sorted(number for number in own if number) == sorted(anchors)
        for number, anchor in anchors.items():
            weakness = own[number]
            assert tuple(weakness.key) == anchor[:4]
            assert weakness.opened <= anchor[4:]
            assert weakness.closed is None or weakness.closed > anchor[4:]
        for each in today:
            assert not each.merged or (each.number or 0) < min(each.merged)


@given(scans=histories())
def test_a_weakness_that_fails_again_names_the_former_number(scans: list[Scan]) -> None:
    """A number is never used again, and each regression names the number before it."""
    numbers = give_numbers(numbered(scans, NUMBER_SCHEMA.to_frame()), next_number=1)
    last: dict[tuple[str, ...], int | None] = {}
    for each in numbered(scans, numbers):
        assert each.previous == last.get(each.weakness.key)
        assert each.has_previous == (each.weakness.key in last)
        last[each.weakness.key] = each.number
    assert numbers["number"].is_unique().all()


def test_a_part_of_a_scan_closes_nothing() -> None:
    """A complete scan finds a failure (3). A part without it changes nothing; a part that finds worse (1) counts beside
    it; the next part without it leaves the failure of the complete scan; a complete scan without it ends both."""
    found = [(0, False, 3), (1, True, 0), (2, True, 1), (3, True, 0), (4, False, 0), (5, True, 0)]
    rows = [(*KEYS[0], "eu", moment(h), moment(h), f"s{h}", is_part, level) for h, is_part, level in found]
    levels = changed_levels(pl.DataFrame(rows, schema=LOOKED_SCHEMA, orient="row"))
    assert levels.select("scan_key", "level").rows() == [("s0", 3), ("s2", 1), ("s3", 3), ("s4", 0)]
