"""The geometry of charts, calculated by hand."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from policycortex.documents.model import RequirementRow, TrendPoint
from policycortex.names import RequirementResult
from policycortex.reports.charts import draw_gauge, draw_matrix, draw_trend, stack_bar


def test_a_gauge_without_score_draws_no_value() -> None:
    """Nothing assessed leaves the track empty, as does a score of 0."""
    assert draw_gauge(None).value_path is None
    assert draw_gauge(0.0).value_path is None


def test_a_full_gauge_covers_its_track() -> None:
    """A score of 100 is drawn as the whole arc."""
    full = draw_gauge(100.0)
    assert full.value_path == full.track_path


def test_a_stacked_bar_fills_its_width_and_keeps_small_parts_visible() -> None:
    """Of 600 units each present part has 2 at least; 1 of 1,000 gets 2 + 598 * 0.001... absent parts have none."""
    segments = stack_bar({"critical": 1, "high": 999, "low": 0}, 600)
    assert [s.name for s in segments] == ["critical", "high"]
    assert segments[0].width == pytest.approx(2 + 596 * 1 / 1000, abs=0.01)
    assert sum(s.width for s in segments) == pytest.approx(600, abs=0.05)


def test_the_trend_breaks_where_a_day_has_no_score() -> None:
    """Three days with an unscored one between make two lines, and no line is drawn through the gap."""
    days = [(1, 80.0), (2, 82.0), (3, None), (4, 84.0)]
    points = [TrendPoint(date=date(2026, 11, n), compliance_score=score, passed=0, failed=0) for n, score in days]
    chart = draw_trend(points)
    assert chart is not None
    assert len(chart.lines) == 2
    assert (chart.low, chart.high) == (80.0, 84.0)


@pytest.mark.parametrize(("before", "is_at_end"), [(80.5, True), (83.5, False), (None, False)])
def test_the_period_before_is_named_where_the_line_is_farther_from_it(before: float | None, is_at_end: bool) -> None:
    """A line from 80 to 84: words on 80.5 stand at its end, words on 83.5 at its begin."""
    points = [TrendPoint(date=date(2026, 11, n), compliance_score=s, passed=0, failed=0) for n, s in ((1, 80), (2, 84))]
    chart = draw_trend(points, before)
    assert chart is not None
    assert chart.is_before_named_at_end is is_at_end


def test_one_scored_day_is_no_trend() -> None:
    """A single point says nothing about direction."""
    assert draw_trend([TrendPoint(date=date(2026, 11, 1), compliance_score=80.0, passed=8, failed=2)]) is None


@pytest.mark.parametrize("low_high", [(99.9, 100.0), (0.0, 0.0), (100.0, 100.0), (0.0, 100.0)])
def test_the_axis_never_leaves_percentages(low_high: tuple[float, float]) -> None:
    """Ticks stay within 0 and 100 and there are at least two."""
    points = [
        TrendPoint(date=date(2026, 11, n + 1), compliance_score=s, passed=0, failed=0) for n, s in enumerate(low_high)
    ]
    chart = draw_trend(points)
    assert chart is not None
    assert len(chart.y_ticks) >= 2
    assert all(0 <= tick.value <= 100 for tick in chart.y_ticks)


@pytest.mark.parametrize("count", [1, 61, 106, 2000])
def test_the_matrix_holds_every_requirement_within_its_field(count: int) -> None:
    """One square each, none outside, whatever the number."""
    row = RequirementRow(
        id="X", title="", section="", result=RequirementResult.COMPLIANT, passed=1, failed=0, manual=0, muted=0,
        waived=0, checks=(),
    )  # fmt: skip
    matrix = draw_matrix([row] * count)
    assert len(matrix.cells) == count
    assert all(cell.x + matrix.side <= matrix.width and cell.y + matrix.side <= 181 for cell in matrix.cells)


def _days(first: date, count: int) -> list[TrendPoint]:
    return [
        TrendPoint(date=first + timedelta(days=n), compliance_score=80.0 + n % 2, passed=8, failed=2)
        for n in range(count)
    ]


def test_a_month_is_marked_by_its_weeks() -> None:
    """November 2026 begins on a Sunday: the Monday beside it has no space, the others have their line and date."""
    chart = draw_trend(_days(date(2026, 11, 1), 30))
    assert chart is not None
    assert not chart.has_months
    assert [(m.date.day, m.is_start) for m in chart.period_marks] == [
        (1, False), (9, True), (16, True), (23, True), (30, False)
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "starts"), [(92, 2), (365, 9), (5 * 365, 9)])
def test_longer_trends_are_marked_by_months_with_space_for_each_date(days: int, starts: int) -> None:
    """Firsts of months, so few that no date runs into the next: 46 units apart or more."""
    chart = draw_trend(_days(date(2025, 1, 1), days))
    assert chart is not None
    assert chart.has_months
    assert all(mark.date.day == 1 for mark in chart.period_marks if mark.is_start)
    assert 0 < sum(mark.is_start for mark in chart.period_marks) <= starts
    places = [mark.x for mark in chart.period_marks]
    assert all(right - left >= 46 for left, right in pairwise(places))


def test_the_period_before_stands_within_the_chart() -> None:
    """Its score widens the axis; 60 lies below all days, so the lowest tick is 60 or less."""
    chart = draw_trend(_days(date(2026, 11, 1), 5), before=60.0)
    assert chart is not None
    assert chart.before is not None
    assert chart.y_ticks[0].value <= 60
    assert chart.before.position <= chart.bottom
    assert (chart.low, chart.high) == (80.0, 81.0)
