"""Benchmarks that call the lake's statements themselves can still do so: they run by name only, months apart."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.analytics import lake as year
from benchmarks.scoring import lake as day
from benchmarks.scoring import ours
from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake


def test_a_day_is_tallied_and_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The contender of the product: requirements of three frameworks, some of which have failing findings."""
    [file] = write_samples(
        tmp_path / "in", period=Period.of_days(day.scan_date(), day.scan_date()), findings_per_scan=200,
        clouds=("aws",), bad_records=0,
    )  # fmt: skip
    day.build(tmp_path / "home", file)
    ours.main(str(tmp_path / "home"))
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["requirements"] > 100
    assert printed["failed"] > 0


def test_days_of_history_have_tallies_and_ages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two days: every finding is counted, and what fails has an age."""
    monkeypatch.setattr(year, "FINDINGS", 1_000)
    year.build(tmp_path, 2)
    days = (year.LAST_DAY - timedelta(days=1), year.LAST_DAY)
    with open_lake(Settings(home=tmp_path)) as lake, lake.session.cursor() as cursor:
        totals = "SELECT observed_date, sum(passed + failed + manual + muted) FROM check_tallies GROUP BY 1 ORDER BY 1"
        counted = cursor.execute(totals)
        assert counted.fetchall() == [(each, 1_000) for each in days]
        failing = "SELECT count(*), count(DISTINCT observed_date) FROM lake.core.failing_since"
        rows, dates = cursor.execute(failing).fetchall()[0]
    assert (rows > 100, dates) == (True, 2)
