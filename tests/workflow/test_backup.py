"""A backup is made while others write, and its restored copy is whole."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError, IntegrityError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.maintenance import load_snapshots
from policycortex.storage.lake.migration import count_rows
from policycortex.storage.registry import open_registry
from policycortex.workflow.backup import MANIFEST, make_backup, restore_backup
from tests.support.empty_homes import make_empty_home
from tests.support.samples.lake import finding, import_findings

_NOW = datetime(2026, 5, 1, tzinfo=UTC)
_DAY = date(2026, 5, 1)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home with findings, a key, an own file, and files that are not worth a copy."""
    settings = Settings(home=make_empty_home(tmp_path / "home"))
    with open_lake(settings) as lake:
        import_findings(lake, [finding(_DAY, resource=f"first-{number}") for number in range(50)])
    with closing(open_registry(settings)) as registry:
        registry.keys.create_key(organization="default", name="kept", now=_NOW)
    for name in ("landing/default/waits.json", "logs/api.log", "tmp/work-1/x", "artifacts/rep_1/pdf.pdf"):
        (settings.home / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.home / name).write_text(name)
    (settings.home / "dagster/history").mkdir(parents=True)
    with closing(sqlite3.connect(settings.home / "dagster/history/runs.db")) as runs:
        runs.execute("PRAGMA journal_mode=WAL")
        runs.execute("CREATE TABLE runs AS SELECT 1 AS number")
        runs.commit()
    return settings


def test_a_backup_under_load_is_whole(home: Settings, tmp_path: Path) -> None:
    """Imports and keys are written meanwhile: every snapshot of the restored lake can be read, both files are sound."""
    with _load(home) as written:
        made = make_backup(home, tmp_path / "backup", now=_NOW)
        assert written.wait(60)
    restored = Settings(home=tmp_path / "restored")
    again = restore_backup(tmp_path / "backup", restored)
    assert (made.files, made.size_bytes, made.registry) == (again.files, again.size_bytes, again.registry)
    for name in ("registry.sqlite", "lake/catalog.sqlite", "dagster/history/runs.db"):
        with closing(sqlite3.connect(restored.home / name)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with open_lake(restored) as lake:
        counts = [count_rows(lake.session, number)["core.findings"] for number in load_snapshots(lake.session)[-3:]]
        assert counts[-1] >= 50
        import_findings(lake, [finding(_DAY, resource="after")])
    with closing(open_registry(restored)) as registry:
        assert "kept" in {key.name for key in registry.keys.list_keys("default")}
    assert (restored.home / "landing/default/waits.json").read_text() == "landing/default/waits.json"
    assert (restored.home / "artifacts/rep_1/pdf.pdf").stat().st_mode & 0o777 == 0o600
    assert not (restored.home / "logs").exists()
    assert not (restored.home / "tmp").exists()


def test_a_changed_or_incomplete_backup_is_refused(home: Settings, tmp_path: Path) -> None:
    """And nothing is left in the home; neither is a home or folder with content replaced."""
    backup = tmp_path / "backup"
    make_backup(home, backup, now=_NOW)
    with pytest.raises(ConfigurationError, match="not empty"):
        make_backup(home, backup, now=_NOW)
    with pytest.raises(ConfigurationError, match="not empty"):
        restore_backup(backup, home)
    with pytest.raises(ConfigurationError, match="is in the home"):
        make_backup(home, home.home / "backup", now=_NOW)
    changed = backup / "landing/default/waits.json"
    changed.write_text("other")
    restored = Settings(home=tmp_path / "restored")
    with pytest.raises(IntegrityError, match="not as it was backed up"):
        restore_backup(backup, restored)
    assert not restored.home.exists()
    (backup / MANIFEST).unlink()
    with pytest.raises(ConfigurationError, match="no complete backup"):
        restore_backup(backup, restored)


def test_parts_elsewhere_are_named(tmp_path: Path) -> None:
    """With Postgres or a bucket the message says what to do."""
    settings = Settings(home=tmp_path / "home", database_url="postgresql://u@h/n", lake_url="s3://b/lake")
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL and POLICYCORTEX_LAKE_URL.*pg_dump"):
        make_backup(settings, tmp_path / "backup", now=_NOW)


@contextmanager
def _load(settings: Settings) -> Iterator[threading.Event]:
    """Imports and new keys until the block ends; the event tells that there were some of both."""
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
            number = 0
            while not stop.is_set():
                number += 1
                import_findings(lake, [finding(_DAY, resource=f"load-{number}")])
                registry.keys.create_key(organization="default", name=f"load-{number}", now=_NOW)
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(60)
    written.clear()
    try:
        yield written
    finally:
        stop.set()
        writer.join()
