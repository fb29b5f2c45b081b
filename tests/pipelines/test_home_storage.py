"""The storages of an embedded home are the files that Dagster's own classes make, read and change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage

from pipelines.platform import home_storage
from pipelines.platform.home_storage import HomeRunStorage, HomeScheduleStorage
from policycortex.settings import Settings
from policycortex_cli.home import open_instance
from tests.support.open_files import open_files

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


def test_what_other_connections_write_is_seen_and_no_file_stays_open(tmp_path: Path) -> None:
    """Connections are kept, what they read is not; a process forks after it closed its instance."""
    settings = Settings(home=tmp_path)
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
        run = dg.DagsterRun(job_name="made elsewhere")
        SqliteRunStorage(f"sqlite:///{settings.dagster_home}/history/runs.db").add_run(run)
        assert [found.run_id for found in instance.get_runs()] == [run.run_id]
        assert list(instance.all_instigator_state()) == []
        assert open_files(tmp_path)
    assert open_files(tmp_path) == []


def test_old_ticks_are_removed_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each sensor and status; Dagster asks after each evaluation."""
    schedules, hour = HomeScheduleStorage.from_local(str(tmp_path)), 3600.0
    clock = iter((10.0, 20.0, 30.0, 11.0 + hour))
    monkeypatch.setattr("pipelines.platform.home_storage.time.monotonic", lambda: next(clock))
    now = datetime.now(UTC).timestamp()

    def old_ticks_after_purge(selector: str) -> int:
        schedules.create_tick(
            TickData(
                instigator_origin_id=selector,
                instigator_name=selector,
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.SKIPPED,
                timestamp=now - 100,
                selector_id=selector,
            )
        )
        schedules.purge_ticks(selector, selector, before=now - 50, tick_statuses=[TickStatus.SKIPPED])
        return len(schedules.get_ticks(selector, selector))

    assert [old_ticks_after_purge(each) for each in ("a", "a", "b", "a")] == [0, 1, 0, 0]
