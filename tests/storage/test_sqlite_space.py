"""Space of deleted rows goes back to the disk, while others read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from policycortex.settings import Settings
from policycortex.storage.sqlite_space import embedded_databases, release_space


def test_a_file_with_many_deleted_rows_becomes_small(tmp_path: Path) -> None:
    """A dry run says the same and changes nothing; a file that is used well is left; rows and readers stay."""
    path = tmp_path / "dagster" / "schedules" / "schedules.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE ticks (id INTEGER PRIMARY KEY, body BLOB)")
        rows = ((number, bytes(100_000)) for number in range(200))
        database.executemany("INSERT INTO ticks VALUES (?, ?)", rows)
        database.commit()
        assert release_space(path) == 0
        database.execute("DELETE FROM ticks WHERE id >= 50")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.stat().st_size
        assert list(embedded_databases(Settings(home=tmp_path))) == [path]
        would = release_space(path, is_dry_run=True)
        assert path.stat().st_size == before
        assert release_space(path) == would > 10_000_000
        assert path.stat().st_size < before - 10_000_000
        assert database.execute("SELECT count(*) FROM ticks").fetchone() == (50,)


def test_a_file_in_use_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes: nothing is released, and no error ends the nightly job."""
    path = tmp_path / "registry.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE rows (body BLOB)")
        database.executemany("INSERT INTO rows VALUES (?)", ((bytes(100_000),) for _ in range(150)))
        database.execute("DELETE FROM rows")
        database.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("policycortex.storage.sqlite_space._PATIENCE_SECONDS", 0.05)
        assert release_space(path) == 0
        database.execute("ROLLBACK")
        assert release_space(path) > 10_000_000
