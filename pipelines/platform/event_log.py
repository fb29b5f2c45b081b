"""Dagster's event log of an embedded home: one SQLite file, written in few large transactions.

Dagster's own SQLite log opens, syncs and closes two databases per event. A month of five partitioned assets has 300
events: 7 seconds on an idle machine, 20 on a busy one. Here connections stay open and a batch is one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dagster import DagsterEventType, EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage, SqlEventLogStorageTable
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

BATCH_SIZE_VARIABLE: Final = "DAGSTER_EVENT_BATCH_SIZE"
"""Dagster's environment variable for writing in batches; set in each process that executes runs."""

BATCH_SIZE: Final = 500

_BUSY_SECONDS: Final = 60
_BATCHED_TYPES: Final = frozenset(
    {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED}
)


class HomeEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """Dagster's consolidated event log with persistent connections and batches. Must not be opened before a fork."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine: Engine | None = None
        self._watcher: SqlPollingEventWatcher | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HomeEventLogStorage":
        """Create the storage from ``dagster.yaml``; called by Dagster."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        if self._engine is None:
            self._engine = create_engine(self._conn_string, connect_args={"timeout": _BUSY_SECONDS})
            event.listen(self._engine, "connect", _prepare)
        with self._engine.begin() as connection:
            yield connection

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the asset events of a batch in one transaction, events of other types one by one."""
        batch = [entry for entry in events if entry.get_dagster_event().event_type in _BATCHED_TYPES]
        for entry in events:
            if entry.get_dagster_event().event_type not in _BATCHED_TYPES:
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

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        """One row per check. Dagster writes one for each day of the run, which no evaluation of the check ever ends."""
        dagster_event = event.get_dagster_event()
        planned = dagster_event.event_specific_data
        if isinstance(planned, AssetCheckEvaluationPlanned) and planned.partitions_subset is not None:
            whole = AssetCheckEvaluationPlanned(asset_key=planned.asset_key, check_name=planned.check_name)
            event = event._replace(dagster_event=dagster_event._replace(event_specific_data=whole))
        super()._store_asset_check_evaluation_planned(event, event_id)

    def watch(self, run_id: str, cursor: str | None, callback: Callable[..., Any]) -> None:
        """Follow a run by polling. Writes go to SQLite's write-ahead log, not to the file that Dagster would watch."""
        self._watcher = self._watcher or SqlPollingEventWatcher(self)
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Callable[..., Any]) -> None:
        """Stop following the run."""
        if self._watcher is not None:
            self._watcher.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """Close connections and the watcher."""
        if self._watcher is not None:
            self._watcher.close()
        if self._engine is not None:
            self._engine.dispose()


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    # In WAL mode, NORMAL loses nothing when a process crashes. When the machine crashes, the newest events may be lost;
    # the registry, which is authoritative for reports, syncs its own writes.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
