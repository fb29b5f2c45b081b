"""The chart of a forecast: history, expected scores, intervals and what is extrapolated, at their places."""

from datetime import date, timedelta

from policycortex.documents.model import TrendPoint
from policycortex.reports.charts import draw_trend
from policycortex.reports.forecast_chart import ForecastChart, draw_forecast
from policycortex.scoring.forecasting.written import WrittenPoint

_FIRST = date(2026, 10, 1)


def _trend(days: int, score: float = 80.0) -> list[TrendPoint]:
    return [
        TrendPoint(date=_FIRST + timedelta(days=n), compliance_score=score, passed=8, failed=2) for n in range(days)
    ]


def _ahead(days: int, start: date, *, tested: int) -> list[WrittenPoint]:
    """Scores that rise by a point a day, with intervals of one and two points to either side a day."""
    return [
        WrittenPoint(
            date=start + timedelta(days=n),
            compliance_score=80.0 + n,
            low_80=80.0,
            high_80=80.0 + 2 * n,
            low_95=80.0 - n,
            high_95=80.0 + 3 * n,
            is_extrapolated=n > tested,
        )
        for n in range(1, days + 1)
    ]


def _places(polygon: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split(",") for point in polygon.split())]


def _chart(tested: int = 4) -> ForecastChart:
    trend = _trend(20)
    chart = draw_forecast(trend, _ahead(6, trend[-1].date, tested=tested))
    assert chart is not None
    return chart


def test_history_ends_where_the_forecast_begins() -> None:
    """The line so far, the expected line and all intervals meet at the last score."""
    chart = _chart()
    end = _places(chart.history[-1])[-1]
    assert end[0] == chart.origin.position
    assert _places(chart.expected)[0] == end
    tested = [band for band in chart.bands if not band.is_extrapolated]
    assert [band.level for band in tested] == [95, 80]
    assert all(_places(band.points)[0] == _places(band.points)[-1] == end for band in tested)


def test_the_narrower_interval_is_within_the_wider_one() -> None:
    """On each day the 80 % interval is between the bounds of the 95 % interval, and the expected score in both."""
    wide, narrow = (_places(band.points) for band in _chart(tested=6).bands)
    half = len(wide) // 2
    for n in range(half):
        assert wide[n][0] == narrow[n][0] == wide[-1 - n][0]
        assert wide[n][1] <= narrow[n][1] <= narrow[-1 - n][1] <= wide[-1 - n][1]


def test_what_is_extrapolated_is_apart() -> None:
    """From the last tested day on the line and the intervals are of their own; without such days there are none."""
    chart = _chart(tested=4)
    assert chart.expected_beyond is not None
    assert chart.beyond_x == _places(chart.expected)[-1][0] == _places(chart.expected_beyond)[0][0]
    assert [(band.level, band.is_extrapolated) for band in chart.bands] == [
        (95, False),
        (95, True),
        (80, False),
        (80, True),
    ]
    whole = _chart(tested=6)
    assert (whole.beyond_x, whole.expected_beyond) == (None, None)


def test_all_of_it_is_on_the_plane() -> None:
    """Every place is within the axes, and at most three days of the past are shown for each day ahead."""
    chart = _chart()
    lines = [*chart.history, chart.expected, chart.expected_beyond or "", *(band.points for band in chart.bands)]
    places = [place for line in lines for place in _places(line)]
    assert all(chart.left <= x <= chart.width and 0 < y <= chart.bottom for x, y in places)
    assert len(_places(chart.history[0])) == 3 * 6


def test_nothing_is_drawn_without_a_forecast_or_a_score() -> None:
    """No points ahead, or no score to begin from: no chart."""
    assert draw_forecast(_trend(5), []) is None
    assert draw_forecast([], _ahead(3, _FIRST, tested=3)) is None


def test_an_axis_that_does_not_begin_at_zero_is_marked_and_not_filled() -> None:
    """At 80 the axis is cut: it says where it begins, and no area reaches down to it. From 0 on the area is filled."""
    cut = draw_trend(_trend(5))
    whole = draw_trend([*_trend(5, 2.0), TrendPoint(date=date(2026, 10, 9), compliance_score=0.0, passed=0, failed=9)])
    assert cut is not None
    assert whole is not None
    assert cut.cut_pct == cut.y_ticks[0].value > 0
    assert cut.areas == ()
    assert whole.cut_pct is None
    assert whole.areas
