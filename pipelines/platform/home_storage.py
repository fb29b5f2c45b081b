"""Dagster's storages of runs and of sensors in an embedded home: SQLite files, each with one engine per process.

Dagster's own classes make an engine for every statement, so that SQLAlchemy compiles each one again; they look up twice
before most statements whether the file has the tables of this version; and they read all of Alembic's scripts whenever
an instance is opened. That was three quarters of the CPU time of a daemon at rest, and 40 ms of each start of a run.
Half of the rest was for connections: the last one of a file that is closed writes its log back and removes it.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine

_PURGE_SECONDS: Final = 3600.0


class _KeptEngine:
    """One engine per storage, with its connections. Must be disposed of before a fork."""

    _conn_string: str
    _engine: Engine | None = None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction."""
        if self._engine is None:
            self._engine = create_engine(self._conn_string)
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()


class HomeRunStorage(_KeptEngine, SqliteRunStorage):
    """Dagster's storage of runs with a kept engine."""

    _has_times = False

    def has_run_stats_index_cols(self) -> bool:
        """Asked again until they are there: a column is never removed."""
        self._has_times = self._has_times or super().has_run_stats_index_cols()
        return self._has_times

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Create the storage from ``dagster.yaml``; called by Dagster."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Open the file; Dagster's own method makes its tables where there are none."""
        path = Path(base_dir).absolute() / "runs.db"
        if _has_tables(path, "runs", "instance_info"):
            return cls(f"sqlite:///{path}", inst_data)
        made: Self = super().from_local(base_dir, inst_data)
        return made


class HomeScheduleStorage(_KeptEngine, SqliteScheduleStorage):
    """Dagster's storage of sensors, schedules and their ticks with a kept engine."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._built: set[str] = set()
        self._purged: dict[tuple[str, str], float] = {}
        self._has_instigators = False
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Create the storage from ``dagster.yaml``; called by Dagster."""
        return cls.from_local(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Open the file; Dagster's own method makes its tables where there are none."""
        path = Path(base_dir).absolute() / "schedules.db"
        if _has_tables(path, "job_ticks", "instigators"):
            return cls(f"sqlite:///{path}", inst_data)
        return cast("Self", super().from_local(base_dir, inst_data))

    def purge_ticks(
        self, origin_id: str, selector_id: str, before: float, tick_statuses: Sequence[Any] | None = None
    ) -> None:
        """Remove old ticks, once an hour: Dagster asks for it three times after each evaluation of a sensor."""
        key, now = (selector_id, repr(tick_statuses)), time.monotonic()
        if now - self._purged.get(key, -_PURGE_SECONDS) >= _PURGE_SECONDS:
            self._purged[key] = now
            super().purge_ticks(origin_id, selector_id, before, tick_statuses)

    def has_instigators_table(self) -> bool:
        """Asked again until it is there: a table is never removed."""
        self._has_instigators = self._has_instigators or super().has_instigators_table()
        return self._has_instigators

    def has_built_index(self, migration_name: str) -> bool:
        """Asked again until it is built: an index is never removed."""
        if migration_name not in self._built and super().has_built_index(migration_name):
            self._built.add(migration_name)
        return migration_name in self._built


def _has_tables(path: Path, *tables: str) -> bool:
    """Whether the file has the tables and Alembic's note of a version, which is written after them."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=60)) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {*tables, "alembic_version"} <= found:
            return False
        return connection.execute("SELECT 1 FROM alembic_version").fetchone() is not None
