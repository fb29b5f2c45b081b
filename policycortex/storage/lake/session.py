"""One connection to the lake: runs named queries, and writes in one transaction under the writer's lock.

Safe to share between threads: each call works on a cursor of its own.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
from typing import Any, Final, TypeAlias, TypeVar

import duckdb
import polars as pl
import stamina
from cachetools import LRUCache

from policycortex.errors import ConfigurationError, IntegrityError, StoreBusyError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.attach import attach_again, is_locked
from policycortex.storage.lake.catalog_copy import copy_catalog_to_memory
from policycortex.storage.lake.damage import (
    damaged_catalog,
    find_damaged_file,
    full_disk,
    is_damaged_catalog,
    is_disk_full,
)
from policycortex.storage.lake.lock import writer_lock

Cursor: TypeAlias = duckdb.DuckDBPyConnection
Parameters: TypeAlias = Mapping[str, Any]
Frames: TypeAlias = Mapping[str, pl.DataFrame]

T = TypeVar("T")

_ATTEMPTS: Final = 50
_LONGEST_WAIT_SECONDS: Final = 1.0
_MOST_RECALLED_BYTES: Final = 32_000_000
_CONFLICT_WORDS: Final = ("Transaction conflict", "could not serialize", "deadlock detected")

logger = logging.getLogger(__name__)

# stamina prefers structlog, which by default writes to stdout, where the command line writes its results.
stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])


class _ConflictError(Exception):
    """Another writer committed first; the same transaction may succeed now."""


@cache
def sql(name: str) -> str:
    """Text of ``sql/<name>.sql``."""
    return resources.files("policycortex.storage.lake").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


class LakeSession:
    """Owns one connection with the lake attached."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, *, snapshot: str | None = None
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._known: LRUCache[Hashable, pl.DataFrame] = LRUCache(_MOST_RECALLED_BYTES, pl.DataFrame.estimated_size)
        self._recalling = threading.Lock()
        self.settings = settings
        self.carry_days = settings.trend_carry_days
        """Days for which a scan counts in the posture as last known; 1: each day's own scans only."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def stay_at(self, snapshot: str) -> None:
        """Read the lake at ``snapshot`` from now on. It must be of this program's version. No cursor may be open."""
        attach_again(self._connection, self.settings, snapshot=snapshot)
        copy_catalog_to_memory(self._connection, self.settings)
        self._snapshot = snapshot

    @contextmanager
    def cursor(self, frames: Frames | None = None) -> Iterator[Cursor]:
        """A cursor with ``frames`` as views of their names. Errors of the store are translated."""
        cursor = self._connection.cursor()
        try:
            for name, frame in (frames or {}).items():
                cursor.register(name, frame.to_arrow())
            yield cursor
        except duckdb.Error as error:
            raise _translated(error, self.settings) from error
        finally:
            cursor.close()

    def fetch(self, name: str, parameters: Parameters | None = None, frames: Frames | None = None) -> pl.DataFrame:
        """Rows of the query ``sql/<name>.sql``."""
        with self.cursor(frames) as cursor:
            return fetch_frame(cursor, name, parameters)

    def fetch_kept(self, name: str, parameters: Parameters) -> pl.DataFrame:
        """As ``fetch``, of a query with few rows: see ``recall``."""
        values = tuple((key, tuple(each) if isinstance(each, list) else each) for key, each in parameters.items())
        return self.recall((name, values), lambda: self.fetch(name, parameters))

    def recall(self, key: Hashable, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The result of ``read``. A lake at a snapshot, which does not change, keeps those that were used last."""
        if self._snapshot is None:
            return read()
        with self._recalling:
            known = self._known.get(key)
        if known is None:
            known = read()
            with self._recalling, suppress(ValueError):  # larger than all that is kept
                self._known[key] = known
        return known

    def write(self, message: str, work: Callable[[Cursor], T], frames: Frames | None = None) -> T:
        """Run ``work`` in one transaction under the writer's lock; ``message`` is stored in the snapshot.

        Conflicts and a locked catalog are retried within ``lock_timeout_seconds``, so ``work`` must read inside
        everything that it depends on. Raises StoreBusyError.
        """
        with writer_lock(self.settings), self.cursor(frames) as cursor:
            try:
                for attempt in stamina.retry_context(
                    on=_ConflictError,
                    attempts=_ATTEMPTS,
                    timeout=max(self.settings.lock_timeout_seconds, 0.1),
                    wait_max=_LONGEST_WAIT_SECONDS,
                ):
                    with attempt:
                        return _transact(cursor, message, work)
            except _ConflictError as error:
                raise StoreBusyError(
                    f"the lake in {self.settings.home} was locked or changed by another program at each attempt to "
                    f"{message}; close it or try again later"
                ) from error
        raise AssertionError("a retry either returns or raises")


def fetch_frame(cursor: Cursor, name: str, parameters: Parameters | None = None) -> pl.DataFrame:
    """Rows of ``sql/<name>.sql``, within the caller's transaction."""
    return cursor.execute(sql(name), dict(parameters or {})).pl()


def run(cursor: Cursor, name: str, parameters: Parameters | None = None) -> int:
    """Execute the statement ``sql/<name>.sql``; the number of rows it changed."""
    row = cursor.execute(sql(name), dict(parameters or {})).fetchone()
    return int(row[0]) if row else 0


def _transact(cursor: Cursor, message: str, work: Callable[[Cursor], T]) -> T:
    cursor.execute("BEGIN TRANSACTION")
    is_open = True
    try:
        cursor.execute("CALL lake.set_commit_message('policycortex', $message)", {"message": message})
        result = work(cursor)
        is_open = False
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        _roll_back(cursor, is_open=is_open)
        if is_locked(error) or any(words in str(error) for words in _CONFLICT_WORDS):
            raise _ConflictError(_first_line(error)) from error
        raise
    except BaseException:
        _roll_back(cursor, is_open=is_open)
        raise
    return result


def _roll_back(cursor: Cursor, *, is_open: bool) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.TransactionException:
        # A failed COMMIT has rolled back; during ``work`` there must be an open transaction.
        if is_open:
            logger.warning("the lake's transaction ended before its rollback")


def _translated(error: duckdb.Error, settings: Settings) -> Exception:
    """Translate errors of the store; the error of a wrong query stays."""
    if is_locked(error):
        return StoreBusyError(f"the lake in {settings.home} is locked by another program; close it or try again later")
    if is_damaged_catalog(error):
        return damaged_catalog(error, settings)
    if is_disk_full(error):
        return full_disk(error, settings)
    if file := find_damaged_file(error, settings):
        return IntegrityError(
            f"the lake's file {file} is damaged ({_first_line(error)}): restore it from a backup, or restore the whole "
            "lake and import newer files again"
        )
    if isinstance(error, duckdb.IOException):
        return UnavailableError(f"the lake in {settings.home} could not be read or written: {_first_line(error)}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return ConfigurationError(
            f"DuckDB needs more than {settings.duckdb_memory_limit}: raise POLICYCORTEX_DUCKDB_MEMORY_LIMIT"
        )
    return error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
