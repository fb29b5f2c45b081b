"""The picture of a run's scores: well-formed, one row per framework, gaps where nothing was assessed."""

import base64
from datetime import date, timedelta
from xml.etree import ElementTree as ET

from pipelines.score_chart import score_chart
from policycortex.workflow.posture import DayScore

_SVG = "{http://www.w3.org/2000/svg}"


def day(number: int, value: float | None, framework: str = "soc2") -> DayScore:
    """A score of 2026."""
    at = date(2026, 1, 1) + timedelta(days=number)
    return DayScore(day=at, organization="a<b", framework_id=framework, value_pct=value, passed=1, failed=1)


def drawn(scores: list[DayScore]) -> ET.Element:
    """The SVG in the metadata."""
    text = score_chart(scores).md_str or ""
    return ET.fromstring(base64.b64decode(text.partition("base64,")[2].partition(")")[0]))  # noqa: S314 - our own


def test_a_gap_breaks_the_line() -> None:
    """Two days, none, two days: two lines; the last score stands beside them."""
    svg = drawn([day(0, 0.0), day(1, 100.0), day(2, None), day(3, 50.0), day(4, 75.0)])
    lines = [line.get("points") for line in svg.iter(f"{_SVG}polyline")]
    assert lines == ["150.0,38.0 255.0,8.0", "465.0,23.0 570.0,15.5"]
    assert [text.text for text in svg.iter(f"{_SVG}text")] == ["a<b · soc2", "75.0 %"]


def test_each_framework_has_a_row_and_nothing_assessed_is_shown() -> None:
    """A single day is a dot."""
    svg = drawn([day(0, 40.0, "hipaa"), day(0, None, "soc2")])
    assert len(list(svg.iter(f"{_SVG}circle"))) == 1
    assert "not assessed" in [text.text for text in svg.iter(f"{_SVG}text")]
    assert drawn([]).tag == f"{_SVG}svg"
