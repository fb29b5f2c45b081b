"""Partitions of daily assets and of reports, and the windows of days that runs take."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.schedules import historical_audit
from pipelines.partitions import (
    add_scan_days,
    days_of,
    has_partition,
    known_days,
    sort_days_and_months,
    today,
    windows_among,
    windows_of,
)
from pipelines.report_keys import (
    add_months,
    add_scanned,
    known_months,
    monthly_partitions_of,
    monthly_windows,
    offer_frameworks,
)
from policycortex.errors import RequestError

FIRST = date(2026, 11, 1)
TYPED = ("2026-13-01", "today", "20261031", "2026-W44-6")
"""Keys that people typed: Python reads the last two as days, whose keys would be others."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storages in memory."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def days(*numbers: int) -> list[date]:
    """The first of November 2026 is 0."""
    return [FIRST + timedelta(days=number) for number in numbers]


def keys(instance: dg.DagsterInstance) -> list[str]:
    """In Dagster's order."""
    return list(instance.get_dynamic_partitions("scan_days"))


def test_only_days_with_scans_are_partitions(instance: dg.DagsterInstance) -> None:
    """Again adds nothing; a scanner's clock may be wrong by years, and results begin in 2020."""
    tomorrow = today() + timedelta(days=1)
    for _ in ("first", "again"):
        add_scan_days(instance, [date(2026, 11, 8), date(2026, 11, 1), date(2019, 12, 31), tomorrow])
    assert keys(instance) == ["2026-11-01", "2026-11-08"]
    assert known_days(instance, date(2026, 11, 2)) == (date(2026, 11, 8),)
    assert [has_partition(day, today=FIRST) for day in days(0, 1)] == [True, False]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([4], [(4, 4)]),
        ([8, 1], [(1, 8)]),
        ([1, 9], [(1, 1), (9, 9)]),
        ([0, 40], [(0, 0)]),
    ],
)
def test_days_a_week_apart_share_a_window(wanted: list[int], expected: list[tuple[int, int]]) -> None:
    """Of 20 days: eight apart they do not, and a day that is no partition is left out."""
    imported = [str(day) for day in days(*range(20))]
    found = [(window.start, window.stop) for window in windows_among(imported, days(*wanted))]
    assert found == [tuple(str(day) for day in days(*ends)) for ends in expected]


@given(
    st.lists(st.integers(0, 25) | st.sampled_from(TYPED), unique=True, max_size=20),
    st.sets(st.integers(0, 30), max_size=20),
)
def test_windows_name_each_day_once_whatever_the_order_of_imports(imported: list[int | str], wanted: set[int]) -> None:
    """Dagster reads a window as the keys between its ends in the order they were added; typed keys are in none."""
    stored = [key if isinstance(key, str) else str(days(key)[0]) for key in imported]
    covered: list[str] = []
    for window in windows_among(stored, days(*wanted)):
        covered += stored[stored.index(window.start) : stored.index(window.stop) + 1]
    assert len(covered) == len(set(covered))
    assert set(covered) >= {str(day) for day in days(*wanted)} & set(stored)
    assert not set(covered) & set(TYPED)


def test_a_key_that_is_no_day_is_left_out(instance: dg.DagsterInstance) -> None:
    """A person typed it in the UI: other days are known, imports go on. Only its own run fails, with the reason."""
    instance.add_dynamic_partitions("scan_days", ["2026-10-31", *TYPED])
    add_scanned(instance, days(0), today=date(2026, 11, 30))
    assert known_days(instance) == (date(2026, 10, 31), FIRST)
    assert list(instance.get_dynamic_partitions("report_months")) == ["2026-10-01"]
    for key in TYPED:
        run: Any = SimpleNamespace(partition_keys=[key])
        with pytest.raises(RequestError, match=f"the partition '{key}' is no day"):
            days_of(run)


@pytest.mark.parametrize("key", ["2026-07", "2026-07-15", "July"])
def test_a_monthly_partition_names_the_first_day_of_its_month(key: str) -> None:
    """Another key would be a second partition of the same report, or end as an unexpected error."""
    run: Any = SimpleNamespace(partition_keys=["soc2|2026-06-01", f"soc2|{key}"])
    with pytest.raises(RequestError, match=f"the partition '{key}' is no month: .* write the first day"):
        monthly_partitions_of(run)


def test_days_of_an_older_file_are_put_in_order(instance: dg.DagsterInstance) -> None:
    """They come last until the next start. A window over both is shown by its oldest and newest day."""
    add_scan_days(instance, days(2, 5))
    add_scan_days(instance, days(1, 3))
    assert keys(instance) == [str(day) for day in days(2, 5, 1, 3)]
    [window] = windows_of(instance, days(5, 1))
    assert (window.start, window.stop) == ("2026-11-06", "2026-11-02")
    assert str(window) == "2026-11-02 to 2026-11-06"
    assert window.tags == {
        "dagster/asset_partition_range_start": "2026-11-06",
        "dagster/asset_partition_range_end": "2026-11-02",
    }
    for _ in ("first", "again"):
        sort_days_and_months(instance)
        assert keys(instance) == [str(day) for day in days(1, 2, 3, 5)]


def test_the_month_that_closed_is_assessed_again_on_its_scanned_days(tmp_path: Path) -> None:
    """One run over them; nothing where nothing was scanned."""
    found: list[dict[str, str] | str | None] = []
    with dg.DagsterInstance.local_temp(str(tmp_path)) as stored:
        add_scan_days(stored, [date(2026, 9, 30), date(2026, 10, 3), date(2026, 10, 9), FIRST])
        for now in (datetime(2026, 11, 2, 3, tzinfo=UTC), datetime(2026, 8, 2, 3, tzinfo=UTC)):
            with dg.build_schedule_context(instance=stored, scheduled_execution_time=now) as context:
                requested: Any = historical_audit(context)
                found += [
                    dict(each.tags) if isinstance(each, dg.RunRequest) else each.skip_message for each in requested
                ]
    range_ends = {"start": "2026-10-03", "end": "2026-10-09"}
    tags = {f"dagster/asset_partition_range_{end}": day for end, day in range_ends.items()}
    assert found == [tags | {"dagster/priority": "-5"}, "nothing was scanned from 2026-07-01 to 2026-07-31"]


def test_the_ui_offers_periods_with_scans_and_two_kinds_per_framework(instance: dg.DagsterInstance) -> None:
    """Scans in May 2025, July, September and November 2026, seen on 30 November 2026; again adds nothing.

    Offered are quarters and months of the last year that closed. May 2025 is older than a year, and November is open.
    """
    scanned = [date(2025, 5, 3), date(2026, 7, 31), date(2026, 9, 1), date(2026, 11, 2)]
    for _ in ("first", "again"):
        offer_frameworks(instance, ["soc2", "own"])
        add_scanned(instance, scanned, today=date(2026, 11, 30))
    assert list(instance.get_dynamic_partitions("report_ranges")) == ["2026-Q3", "2026-07", "2026-09"]
    kinds = ["soc2 compliance", "soc2 audit", "own compliance", "own audit"]
    assert list(instance.get_dynamic_partitions("report_kinds")) == kinds
    assert list(instance.get_dynamic_partitions("report_months")) == ["2025-05-01", "2026-07-01", "2026-09-01"]
    assert list(instance.get_dynamic_partitions("frameworks")) == ["own", "soc2"]


def test_months_of_older_files_make_runs_of_their_own(instance: dg.DagsterInstance) -> None:
    """March came after May and June: Dagster would read March to May as nothing. In order it is one run again."""
    months = [date(2026, month, 1) for month in (5, 6, 3, 4)]
    add_months(instance, months[:2], today=FIRST)
    add_months(instance, months[2:], today=FIRST)
    wanted = [date(2026, month, 1) for month in range(1, 6)]
    known = known_months(instance, wanted)
    assert known == (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1))

    def ends() -> list[tuple[str, ...]]:
        return [tuple(window.values()) for window in monthly_windows(instance, "soc2", known)]

    assert ends() == [("soc2|2026-05-01", "soc2|2026-05-01"), ("soc2|2026-03-01", "soc2|2026-04-01")]
    sort_days_and_months(instance)
    assert ends() == [("soc2|2026-03-01", "soc2|2026-05-01")]
