"""The examples in the documentation are run: what it says is what the code does."""

import doctest
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_scoring_page_is_true() -> None:
    """Every example of docs/scoring.md gives the result printed beside it."""
    result = doctest.testfile(str(DOCS / "scoring.md"), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_analytics_page_is_true() -> None:
    """Every example of docs/analytics.md gives the result printed beside it."""
    result = doctest.testfile(str(DOCS / "analytics.md"), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0
