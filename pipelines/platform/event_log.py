"""Dagster's event log of an embedded home: one SQLite file, written in few and large transactions.

Dagster's own SQLite log opens, syncs and closes two databases for each event. A month of five partitioned assets is
300 events: 7 seconds on an idle machine, 20 on a busy one. Here connections stay open and a batch is one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage, SqlEventLogStorageTable
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

BATCH_SIZE_VARIABLE: Final = "DAGSTER_EVENT_BATCH_SIZE"
"""Dagster's switch for writing in batches; whoever starts a process that executes runs sets it."""

BATCH_SIZE: Final = 500

_BUSY_SECONDS: Final = 60
_TOGETHER: Final = frozenset({DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED})


class HomeEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """The consolidated log with connections kept, and batches. Never opened before a fork."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine: Engine | None = None
        self._watcher: SqlPollingEventWatcher | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HomeEventLogStorage":
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        if self._engine is None:
            self._engine = create_engine(self._conn_string, connect_args={"timeout": _BUSY_SECONDS})
            event.listen(self._engine, "connect", _prepare)
        with self._engine.begin() as connection:
            yield connection

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """All asset events of a batch in one transaction; what else is among them one by one."""
        batch = [entry for entry in events if entry.get_dagster_event().event_type in _TOGETHER]
        for entry in events:
            if entry.get_dagster_event().event_type not in _TOGETHER:
                self.store_event(entry)
        if not batch:
            return
        statement = self.prepare_insert_event_batch(batch).returning(SqlEventLogStorageTable.c.id)
        with self.index_transaction() as connection:
            ids = [row[0] for row in connection.execute(statement)]
            self._store_asset_event_tags(connection, batch, ids)
            newest = {entry.get_dagster_event().asset_key: n for n, entry in enumerate(batch)}
            for n in newest.values():
                self._store_asset_event(connection, batch[n], ids[n])

    def watch(self, run_id: str, cursor: str | None, callback: Callable[..., Any]) -> None:
        """Follow a run by asking: what is written to the log's journal does not touch its file."""
        self._watcher = self._watcher or SqlPollingEventWatcher(self)
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Callable[..., Any]) -> None:
        """Stop following."""
        if self._watcher is not None:
            self._watcher.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """Close what is open."""
        if self._watcher is not None:
            self._watcher.close()
        if self._engine is not None:
            self._engine.dispose()


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    # In WAL mode NORMAL survives every crash but the machine's; then the newest events may be missing, and the
    # registry, which is the truth about reports, syncs for itself.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
