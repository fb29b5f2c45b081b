"""``python -m benchmarks.history.past HOME MONTHS``: a scan of 2,000 findings a day, 30 days and MONTHS before.

The newest day is imported as any is; the days before are copies of its rows with their dates moved back: importing
five years day by day would only measure the parser. A second call does nothing.
"""

import sys
from pathlib import Path
from typing import Final

from benchmarks.data import ocsf_file
from benchmarks.scoring.lake import build
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.session import Cursor, LakeSession

FINDINGS: Final = 2_000
PERIOD_DAYS: Final = 30
"""Days of the report. It compares them with as many before, so that at least one month of history is needed."""
_BATCH: Final = 60
"""Days copied in one transaction."""

_TABLES: Final = (
    "raw.imports", "core.finding_state", "core.scan_coverage", "core.day_builds", "marts.check_tallies",
    "core.failing_since", "marts.risk_tallies",
)  # fmt: skip
_OWN: Final = ("scan_key", "import_id", "content_sha256")
"""Columns that differ between the scans of two days."""


def fill(home: Path, months: int) -> None:
    """Make the history; a marker file is written at the end."""
    mark = home / f"months-before-{months}"
    if mark.exists():
        return
    build(home, ocsf_file(FINDINGS))
    days = PERIOD_DAYS + round(months * 365.25 / 12)
    with open_lake(Settings(home=home)) as lake:
        for start in range(1, days, _BATCH):
            _copy(lake.session, start, min(start + _BATCH, days))
        lake.forget_statistics()  # as the analytics of a day and each night do
    mark.touch()


def _copy(session: LakeSession, start: int, end: int) -> None:
    """Copy the newest day's rows to the days from ``start`` to before ``end`` days earlier."""

    def work(cursor: Cursor) -> None:
        for table in _TABLES:
            cursor.execute(f"CREATE TEMP TABLE newest AS {_newest(cursor, table)}")
            cursor.execute(
                f"INSERT INTO lake.{table} BY NAME SELECT {_moved(cursor)} "  # noqa: S608 - names of our own
                "FROM newest, range($start, $end) r(n)",
                {"start": start, "end": end},
            )
            cursor.execute("DROP TABLE newest")

    session.write(f"copy the days {start} to {end} before", work)


def _newest(cursor: Cursor, table: str) -> str:
    names = {row[0] for row in cursor.execute(f"DESCRIBE lake.{table}").fetchall()}
    column = "observed_date" if "observed_date" in names else "first_date"
    return f"SELECT * FROM lake.{table} WHERE {column} = (SELECT max({column}) FROM lake.{table})"  # noqa: S608 - likewise


def _moved(cursor: Cursor) -> str:
    return ", ".join(
        f"{_moved_column(name, kind)} AS {name}" for name, kind, *_ in cursor.execute("DESCRIBE newest").fetchall()
    )


def _moved_column(name: str, kind: str) -> str:
    if name in _OWN:
        return f"{name} || '-' || n"
    match kind:
        case "DATE":
            return f"({name} - n::INTEGER)"
        case "DATE[]":
            return f"list_transform({name}, lambda day: day - n::INTEGER)"
        case "TIMESTAMP WITH TIME ZONE":
            return f"({name} - to_days(n::INTEGER))"
        case _:
            return name


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
