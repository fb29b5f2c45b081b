"""The command that compares versions 2 and 3 of risk, and the tables of forecasts that are written into a page."""

from datetime import date

import polars as pl
import pytest

from benchmarks.forecast_coverage import write_into
from benchmarks.risk_versions import GAMES, table
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA

DAY = date(2026, 11, 20)


def test_each_game_has_both_versions() -> None:
    """One exposed, overdue critical fails among 9 that pass: version 2 is 100 * 16 * 1 / (10 * 16) = 10, version 3 80.

    3,000 passing more: 16 / (3,010 * 16) = 0.03 and still 80. Failing rows only: 100 and 80.
    As low: 10 * (0.4 + 0.2 + 0.2 * 100/180 + 0.2) = 9.11 and 10 * (0.4 + 0.3 + 0.15 * 100/180 + 0.15) = 9.33.
    In test: 80 * (1 - 0.15 * 0.75) = 71. Fixed: 0 and none.
    """
    named = ("aws", "acc", "production", "s3", "c", "m", "Public bucket", "critical")
    rows = [(*named, date(2026, 8, 12), True, "r", 0, 1), (*named, None, True, None, 9, 0)]
    lines = list(table(pl.DataFrame(rows, schema=RISK_ITEM_SCHEMA, orient="row"), DAY))[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in cells] == list(GAMES)
    assert [(row[1], row[2], row[3]) for row in cells] == [
        ("10.00", "80.00", "act_now"),
        ("0.03", "80.00", "act_now"),
        ("100.00", "80.00", "act_now"),
        ("9.11", "9.33", "watch"),
        ("8.50", "71.00", "act_now"),
        ("0.00", "0.00", "none"),
    ]


def test_tables_are_written_between_their_comments() -> None:
    """Only the named part changes, and a page without it is refused."""
    page = "a\n<!-- coverage: daily -->\nold\n<!-- end -->\nb\n"
    assert write_into(page, "daily", ["| x |", ""]) == "a\n<!-- coverage: daily -->\n\n| x |\n\n<!-- end -->\nb\n"
    with pytest.raises(ValueError, match="0 places for the tables of weekly"):
        write_into(page, "weekly", ["| x |"])
