"""The storages of an embedded home are the files that Dagster's own classes make, read and change."""

from pathlib import Path
from typing import Final

import pytest
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage

from pipelines.platform import home_storage
from pipelines.platform.home_storage import HomeRunStorage, HomeScheduleStorage

_INDEX: Final = "schedule_jobs_selector_id"


def test_files_of_dagsters_own_classes_are_read(tmp_path: Path) -> None:
    """A home of an earlier version keeps its runs' storage id and its built indexes."""
    own_runs, own_schedules = (
        SqliteRunStorage.from_local(str(tmp_path)),
        SqliteScheduleStorage.from_local(str(tmp_path)),
    )
    runs, schedules = HomeRunStorage.from_local(str(tmp_path)), HomeScheduleStorage.from_local(str(tmp_path))
    assert runs.get_run_storage_id() == own_runs.get_run_storage_id()
    assert schedules.has_built_index(_INDEX)
    assert own_schedules.has_built_index(_INDEX)


def test_a_new_home_gets_what_dagsters_own_classes_make(tmp_path: Path) -> None:
    """Tables, version and built indexes of both files are the same."""
    own, home = str(tmp_path / "own"), str(tmp_path / "home")
    assert HomeRunStorage.from_local(home).alembic_version() == SqliteRunStorage.from_local(own).alembic_version()
    made, expected = HomeScheduleStorage.from_local(home), SqliteScheduleStorage.from_local(own)
    assert made.alembic_version() == expected.alembic_version()
    assert made.supports_batch_queries == expected.supports_batch_queries is True


def test_an_index_that_another_process_builds_is_seen(tmp_path: Path) -> None:
    """A "no" is never kept."""
    schedules = HomeScheduleStorage.from_local(str(tmp_path))
    assert not schedules.has_built_index("of a later version")
    SqliteScheduleStorage.from_local(str(tmp_path)).mark_index_built("of a later version")
    assert schedules.has_built_index("of a later version")


def test_opening_a_home_again_reads_no_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's own method, which reads them all, is called for a file without tables or without a version alone."""
    for storage in (HomeRunStorage, HomeScheduleStorage):
        first = storage.from_local(str(tmp_path))
        with monkeypatch.context() as patch:
            patch.setattr(SqliteRunStorage, "from_local", None)
            patch.setattr(SqliteScheduleStorage, "from_local", None)
            assert storage.from_local(str(tmp_path))._conn_string == first._conn_string
        with first.connect() as connection:
            connection.exec_driver_sql("DELETE FROM alembic_version")
        name = "runs.db" if storage is HomeRunStorage else "schedules.db"
        assert not home_storage._has_tables(tmp_path / name)
        assert storage.from_local(str(tmp_path)).alembic_version() != (None, None)
