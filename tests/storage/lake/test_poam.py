"""Numbers and dates of weaknesses stay the same through rebuilt days and files that come late or in another order."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from policycortex.findings.model import Finding
from policycortex.scoring.poam import NumberedWeakness, find_weaknesses, number_weaknesses
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.session import Cursor
from policycortex.workflow.poam_numbers import number_organization
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

NOW = datetime(2026, 4, 2, tzinfo=UTC)

JANUARY, FEBRUARY, MARCH = date(2026, 1, 20), date(2026, 2, 20), date(2026, 3, 20)
MONTHS: dict[date, list[Finding]] = {
    JANUARY: [
        finding(JANUARY, "stays"),
        finding(JANUARY, "fixed"),
        finding(JANUARY, "again"),
        finding(JANUARY, "elsewhere", region="us"),
    ],
    FEBRUARY: [
        finding(FEBRUARY, "stays"),
        finding(FEBRUARY, "fixed", status="PASS"),
        finding(FEBRUARY, "again", status="PASS"),
        finding(FEBRUARY, "new"),
    ],
    MARCH: [
        finding(MARCH, "stays"),
        finding(MARCH, "fixed", status="PASS"),
        finding(MARCH, "again"),
        finding(MARCH, "new"),
    ],
}
DATES = {
    ("stays", JANUARY, None),
    ("fixed", JANUARY, FEBRUARY),
    ("again", JANUARY, FEBRUARY),
    ("again", MARCH, None),
    ("elsewhere", JANUARY, None),
    ("new", FEBRUARY, None),
}
"""``elsewhere`` failed in another region, which no later scan looked at, so it is open."""


@pytest.fixture
def lake(empty_home: Path, tmp_path: Path) -> Iterator[Lake]:
    """A lake of the test's own."""
    with open_lake(Settings(home=copy_home(empty_home, tmp_path / "home"))) as opened:
        yield opened


def take(lake: Lake, found: Sequence[Finding]) -> None:
    """Import one file, build its days and number what is new."""
    lake.state.rebuild_state(import_findings(lake, found))
    number_organization(lake, ORGANIZATION, now=NOW)


def ledger(lake: Lake) -> tuple[NumberedWeakness, ...]:
    """All weaknesses with their numbers, as the lake has them."""
    levels, numbers = lake.poam.load_levels(ORGANIZATION), lake.poam.load_numbers(ORGANIZATION)
    return number_weaknesses(find_weaknesses(levels), numbers, lake.poam.load_numbered_scans(ORGANIZATION))


def dates(found: Sequence[NumberedWeakness]) -> set[tuple[str, date, date | None]]:
    """Check, day of opening and day of closing of each."""
    return {
        (
            each.weakness.key.check_id,
            each.weakness.opened.seen_at.date(),
            each.weakness.closed.seen_at.date() if each.weakness.closed else None,
        )
        for each in found
    }


def numbers(found: Sequence[NumberedWeakness]) -> dict[tuple[str, date], int | None]:
    """Number by check and day of opening."""
    return {(each.weakness.key.check_id, each.weakness.opened.seen_at.date()): each.number for each in found}


def test_three_months_in_order_and_days_built_again(lake: Lake) -> None:
    """Numbers follow the order of the files; the regression of March names the number of January. Days built again, in
    another order, change nothing, and the snapshot of January has the numbers of January."""
    take(lake, MONTHS[JANUARY])
    january, snapshot = ledger(lake), lake.snapshot()
    take(lake, MONTHS[FEBRUARY])
    take(lake, MONTHS[MARCH])
    found = ledger(lake)
    assert dates(found) == DATES
    assert numbers(found) == {
        ("again", JANUARY): 1,
        ("elsewhere", JANUARY): 2,
        ("fixed", JANUARY): 3,
        ("stays", JANUARY): 4,
        ("new", FEBRUARY): 5,
        ("again", MARCH): 6,
    }
    assert {each.number: each.previous for each in found if each.has_previous} == {6: 1}
    lake.state.rebuild_state([MARCH])
    lake.state.rebuild_state([JANUARY, FEBRUARY])
    assert number_organization(lake, ORGANIZATION, now=NOW).new_numbers == 0
    assert ledger(lake) == found
    with lake.at(snapshot) as then:
        assert ledger(then) == january


@pytest.mark.parametrize("order", [(MARCH, FEBRUARY, JANUARY), (FEBRUARY, MARCH, JANUARY)], ids=str)
def test_three_months_in_another_order_keep_their_numbers(lake: Lake, order: Sequence[date]) -> None:
    """Dates are the same as in order, and a number given once names the same weakness after each later file."""
    given: dict[int, str] = {}
    for month in order:
        take(lake, MONTHS[month])
        for each in ledger(lake):
            for number in (each.number, *each.merged):
                assert number is not None
                assert given.setdefault(number, each.weakness.key.check_id) == each.weakness.key.check_id
    found = ledger(lake)
    assert dates(found) == DATES
    assert {number for each in found for number in (each.number, *each.merged)} == set(given)
    assert len({each.number for each in found}) == len(found)


LATE_FILES = (
    [finding(JANUARY, check) for check in ("further", "join", "muted later", "split")]
    + [finding(JANUARY, "muted", is_muted=True)],
    [finding(MARCH, "split"), finding(MARCH, "older")],
    [finding(FEBRUARY, "split", status="PASS"), finding(FEBRUARY, "join", status="PASS")]
    + [finding(FEBRUARY, check, is_muted=True) for check in ("muted", "muted later")],
    [finding(MARCH, "join", hour=9)],
    [finding(date(2026, 2, 1), "join", region="us", hour=9)],
    [finding(JANUARY, "older", hour=5)],
    [msgspec.structs.replace(finding(JANUARY, "other"), observed_at=datetime(2026, 1, 20, 9, tzinfo=UTC))],
)
"""Files in the order in which they come. The last one is of the first scan, which becomes newer by it."""


def test_late_files_move_split_and_join_weaknesses_and_no_number_is_lost(lake: Lake) -> None:
    """``older`` opens earlier under its number. ``split`` passed between: its second part has a new number and names
    the first. ``join`` failed in another region all the time: the smaller number stays and names the other. Muting
    neither opens nor closes."""
    for file in LATE_FILES:
        take(lake, file)
    found = {each.number: each for each in ledger(lake)}
    shown = {
        number: (
            each.weakness.key.check_id,
            each.weakness.opened.seen_at.date(),
            each.weakness.closed.seen_at.date() if each.weakness.closed else None,
            each.previous,
            each.merged,
        )
        for number, each in found.items()
    }
    assert shown == {
        1: ("further", JANUARY, None, None, ()),
        2: ("join", JANUARY, None, None, (7,)),
        3: ("muted later", JANUARY, None, None, ()),
        4: ("split", JANUARY, FEBRUARY, None, ()),
        5: ("older", JANUARY, None, None, ()),
        6: ("split", MARCH, None, 4, ()),
        8: ("other", JANUARY, None, None, ()),
    }
    assert [number for number, each in found.items() if each.weakness.is_muted] == [3]


def test_a_lake_of_version_8_gets_the_table_and_keeps_its_figures(empty_home: Path, tmp_path: Path) -> None:
    """Opened by this version it has stored figures as before, and weaknesses get numbers; its snapshots have none."""
    settings = Settings(home=copy_home(empty_home, tmp_path / "home"))

    def as_version_8(cursor: Cursor) -> None:
        cursor.execute("DROP TABLE lake.core.poam_items")
        cursor.execute("UPDATE lake.core.schema_version SET version = 8")
        cursor.execute("INSERT INTO lake.marts.framework_scores (organization, value_pct) VALUES ('kept', 50)")

    with open_lake(settings) as old:
        old.state.rebuild_state(import_findings(old, MONTHS[JANUARY]))
        old.session.write("make it a lake of version 8", as_version_8)
        snapshot = old.snapshot()
    with open_lake(settings) as opened:
        assert number_organization(opened, ORGANIZATION, now=NOW).new_numbers == len(MONTHS[JANUARY])
        with opened.session.cursor() as cursor:
            kept = cursor.execute("SELECT value_pct FROM lake.marts.framework_scores WHERE organization = 'kept'")
            assert kept.fetchall() == [(50.0,)]
        with opened.at(snapshot) as then:
            assert [each.number for each in ledger(then)] == [None] * len(MONTHS[JANUARY])
