"""One open lake for all reads of a process: opening one takes more CPU time than most reads (decision 0069).

Each read sees the newest snapshot. Before it, the catalog's state is compared with that of the open lake; where they
differ, the lake is opened again. Reads in progress end on the lake that they began with.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb

from policycortex.errors import ConfigurationError, IntegrityError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import SCHEMA_VERSION, has_catalog_file
from policycortex.storage.lake.catalog_state import CatalogState, read_catalog_state
from policycortex.storage.lake.column_statistics import forget_statistics
from policycortex.storage.lake.lake import Lake, open_lake, open_lake_if_any
from policycortex.storage.lake.schema import found_version

_FAILURES: Final = (ConfigurationError, IntegrityError, UnavailableError, duckdb.Error)
_CLOSE_SECONDS: Final = 5.0
_MOST_CONNECTIONS: Final = 4
"""DuckDB keeps a connection to Postgres for each of the reads that were in progress at once. After more than this many
the lake is closed, so that one moment with many requests does not hold connections for hours."""


@dataclass(kw_only=True)
class _OpenLake:
    """A lake at its newest snapshot, and how many read it."""

    lake: Lake
    state: CatalogState
    resources: ExitStack
    readers: int = 0
    most_readers: int = 0
    is_retired: bool = False


class SharedLake:
    """The lake of one home, opened at the first read. Safe to share between threads. Never carry it over a fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: _OpenLake | None = None

    @contextmanager
    def read(self, snapshot: str | None = None) -> Iterator[Lake]:
        """The lake at its newest snapshot, or at ``snapshot``; it is read-only. Creates one where there is none.

        Raises as ``open_lake``.
        """
        with self.read_if_any(snapshot) as lake:
            if lake is not None:
                yield lake
                return
        with open_lake(self._settings, snapshot=snapshot) as created:
            yield created

    @contextmanager
    def read_if_any(self, snapshot: str | None = None) -> Iterator[Lake | None]:
        """As ``read``; None where nothing was imported yet."""
        shared = self._acquire()
        if shared is None:
            yield None
            return
        try:
            if snapshot is None or snapshot == shared.state.snapshot:
                yield shared.lake
                return
        except _FAILURES:
            self._retire(shared)
            raise
        finally:
            self._release(shared)
        with open_lake(self._settings, snapshot=snapshot) as earlier:
            yield earlier

    def close(self) -> None:
        """Close the lake, after the reads in progress."""
        if self._lock.acquire(timeout=_CLOSE_SECONDS):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _acquire(self) -> _OpenLake | None:
        """The lake at the newest snapshot, with one reader more; None without a lake."""
        with self._lock:
            found = self._newest()
            if found is not None:
                found.readers += 1
                found.most_readers = max(found.most_readers, found.readers)
            return found

    def _release(self, shared: _OpenLake) -> None:
        with self._lock:
            shared.readers -= 1
            if self._open is shared and not shared.readers and self._holds_connections(shared):
                self._drop()
            _close_unused(shared)

    def _holds_connections(self, shared: _OpenLake) -> bool:
        return self._settings.database_url is not None and shared.most_readers > _MOST_CONNECTIONS

    def _retire(self, shared: _OpenLake) -> None:
        """The next read opens the lake again, whatever failed here."""
        with self._lock:
            if self._open is shared:
                self._drop()

    def _newest(self) -> _OpenLake | None:
        now = self._current_state()
        if self._open is None or now != self._open.state:
            self._drop()
            self._open = _open(self._settings, now)
        return self._open

    def _current_state(self) -> CatalogState | None:
        """The catalog's state; None where no lake is open, or its catalog does not answer it any more."""
        if self._open is None or (self._settings.database_url is None and not has_catalog_file(self._settings)):
            return None
        try:
            return read_catalog_state(self._open.lake.session)
        except _FAILURES:
            return None

    def _drop(self) -> None:
        former, self._open = self._open, None
        if former is not None:
            former.is_retired = True
            _close_unused(former)


def _close_unused(shared: _OpenLake) -> None:
    if shared.is_retired and not shared.readers:
        shared.resources.close()


def _open(settings: Settings, known: CatalogState | None) -> _OpenLake | None:
    """The lake at its newest snapshot, which is that of ``known``; None: to be read. None without a lake."""
    with ExitStack() as resources:
        if known is None:
            lake = resources.enter_context(open_lake_if_any(settings))  # upgrades the tables, or refuses newer ones
            if lake is None:
                return None
            known = read_catalog_state(lake.session)
            lake.session.stay_at(known.snapshot)
        else:
            lake = resources.enter_context(open_lake(settings, snapshot=known.snapshot))
            if found_version(lake.session) != SCHEMA_VERSION:
                return _open(settings, None)
        if settings.database_url is None:
            with lake.session.cursor() as cursor:  # the copy of the catalog may be older than the end of an import
                forget_statistics(cursor, settings)
        return _OpenLake(lake=lake, state=known, resources=resources.pop_all())
