"""From days to windows of runs."""

from datetime import date
from itertools import pairwise

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.partitions import add_report_choices, has_partition, range_tags, windows_of
from policycortex.period import FIRST_DAY

TODAY = date(2026, 11, 23)


def windows(*days: str) -> list[tuple[str, str]]:
    """The windows of these days, as text."""
    return [(str(first), str(last)) for first, last in windows_of(days, today=TODAY)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((), []),
        (("2026-11-01",), [("2026-11-01", "2026-11-01")]),
        (("2026-11-08", "2026-11-01"), [("2026-11-01", "2026-11-08")]),
        (("2026-11-01", "2026-11-09"), [("2026-11-01", "2026-11-01"), ("2026-11-09", "2026-11-09")]),
        (("2019-12-31", "2026-11-24"), []),
    ],
)
def test_days_a_week_apart_share_a_window(days: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    """Eight days apart they do not; days without a partition are left out."""
    assert windows(*days) == expected


@given(st.sets(st.dates(date(2019, 1, 1), date(2027, 12, 31)), max_size=30))
def test_windows_cover_every_day_that_has_a_partition_and_do_not_overlap(days: set[date]) -> None:
    """In order, disjoint, each beginning and ending on a day of the input."""
    found = list(windows_of(days, today=TODAY))
    covered = {day for day in days for first, last in found if first <= day <= last}
    assert covered == {day for day in days if has_partition(day, today=TODAY)}
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert {day for window in found for day in window} <= days


def test_a_window_becomes_dagsters_range_tags() -> None:
    """Both ends are included."""
    tags = range_tags(FIRST_DAY, TODAY)
    assert tags == {
        "dagster/asset_partition_range_start": "2020-01-01",
        "dagster/asset_partition_range_end": "2026-11-23",
    }


def test_the_ui_offers_closed_months_and_quarters_and_two_kinds_per_framework() -> None:
    """On 30 November 2026: November 2025 to October 2026, and the last four quarters; again adds nothing."""
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in ("first", "again"):
            add_report_choices(instance, ["soc2", "own"], today=date(2026, 11, 30))
        periods = instance.get_dynamic_partitions("report_ranges")
        kinds = instance.get_dynamic_partitions("report_kinds")
    assert list(periods)[:4] == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
    assert list(periods)[4:] == ["2025-11", "2025-12", *(f"2026-{month:02}" for month in range(1, 11))]
    assert list(kinds) == ["soc2 compliance", "soc2 audit", "own compliance", "own audit"]
