"""The performance pages are those that the benchmarks' results give, and limits are judged as the pages say."""

from pathlib import Path

from benchmarks.harness import Measured
from benchmarks.performance import CHARTS, DETAILS, PAGE, write_performance
from benchmarks.results import BenchmarkTable, Limit, check_limits, load_results, summary


def test_the_pages_are_written_from_the_results(tmp_path: Path) -> None:
    """Page, detail pages and charts are the same files as in docs."""
    page, details, charts = tmp_path / "performance.md", tmp_path / "details", tmp_path / "charts"
    write_performance(page, details, charts)
    assert page.read_text() == PAGE.read_text(), "run: python -m benchmarks.performance"
    for made, kept in ((details, DETAILS), (charts, CHARTS)):
        assert {path.name: path.read_text() for path in made.iterdir()} == {
            path.name: path.read_text() for path in kept.iterdir()
        }


def test_the_page_fits_one_screen() -> None:
    """At most 60 lines: details are on the pages of the parts."""
    assert len(PAGE.read_text().splitlines()) <= 60


def test_a_limit_is_checked_on_the_median_of_the_rounds() -> None:
    """Ratios 1/2, 2/4 and 9/3 have the median 0.5: at most 0.5 is met, and at least 400 of 300 is missed."""
    ours = Measured(name="ours", figures={"cpu_seconds": [1.0, 2.0, 9.0], "rows": [300.0, 300.0, 300.0]})
    theirs = Measured(name="theirs", figures={"cpu_seconds": [2.0, 4.0, 3.0]})
    limits = [
        Limit(figure="cpu_seconds", ours="ours", against="theirs", at_most=0.5),
        Limit(figure="rows", ours="ours", at_least=400, why_missed="too few"),
    ]
    met, missed = check_limits(BenchmarkTable(name="rows", measured=[ours, theirs], limits=limits))
    assert (met.value, met.is_met) == (0.5, True)
    assert (missed.value, missed.is_met) == (300.0, False)


def test_the_summary_lists_every_limit() -> None:
    """One row per limit, after four lines of heading."""
    results = load_results()
    count = sum(len(comparison["limits"]) for kept in results for comparison in kept["comparisons"])
    lines = summary(results)
    assert lines[0].endswith(f"of {count} limits met.")
    assert len(lines) == 4 + count
