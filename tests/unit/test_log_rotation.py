"""Logs of services stay within their size while the services write."""

import os
from pathlib import Path

import pytest

from policycortex_cli import log_rotation
from policycortex_cli.log_rotation import KEPT, rotate_log


def test_a_log_is_shortened_under_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer goes on with the same descriptor; every line is in the log or in one of the kept parts."""
    monkeypatch.setattr(log_rotation, "LOG_BYTES", 1000)
    log = tmp_path / "api.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    rotations = 0
    for number in range(500):
        os.write(descriptor, f"line {number}\n".encode())
        rotations += rotate_log(log)
    os.close(descriptor)
    assert rotations == 4
    parts = [tmp_path / f"api.log.{number}" for number in range(KEPT, 0, -1)]
    text = "".join(part.read_text() for part in (*parts, log))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.log", "api.log.1", "api.log.2", "api.log.3"]
    kept = [int(line.split()[1]) for line in text.splitlines()]
    assert kept == list(range(kept[0], 500))
    assert all(path.stat().st_size < 1100 for path in tmp_path.iterdir())


def test_a_log_that_is_small_or_missing_stays(tmp_path: Path) -> None:
    """Nothing is made or changed."""
    assert not rotate_log(tmp_path / "none.log")
    (tmp_path / "small.log").write_text("a line\n")
    assert not rotate_log(tmp_path / "small.log")
    assert [path.name for path in tmp_path.iterdir()] == ["small.log"]
