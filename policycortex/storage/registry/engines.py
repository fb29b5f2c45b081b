"""Engines of registries: one for each database in a process, because an engine keeps the statements that it compiled.

Sensors open the registry, ask for one thing and close it. Compiling their statements each time took ten times the CPU
time of the statements.
"""

import os
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from policycortex.errors import ConfigurationError
from policycortex.security.key_store import make_private_folder
from policycortex.settings import Settings
from policycortex.storage.registry.base import STREAMS, WRITES
from policycortex.storage.registry.versions import registry_path

_COMMON: Final[dict[str, Any]] = {
    "hide_parameters": True,  # error messages would show request bodies and digests of keys
    "json_deserializer": msgspec.json.decode,  # three times the speed of json; lists have many such values
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
}
_MOST_KEPT: Final = 4


@dataclass(slots=True)
class _Kept:
    engine: Engine
    users: int = 0


_kept: Final[dict[tuple[object, ...], _Kept]] = {}
"""By process, because connections do not survive a fork, database and patience; those used last at the end."""
_lock: Final = threading.Lock()


class RegistryEngine:
    """The part of one registry in the engine of its database, which has open connections while one uses it."""

    def __init__(self, kept: _Kept) -> None:
        self.shared: Final = kept.engine
        self._kept: _Kept | None = kept

    def close(self) -> None:
        """Close all connections unless another registry of this process is open."""
        with _lock:
            kept, self._kept = self._kept, None
            if kept is not None:
                kept.users -= 1
                if not kept.users:
                    kept.engine.dispose()


def open_engine(settings: Settings, patience: float) -> RegistryEngine:
    """The engine of the settings' database. Raises ConfigurationError."""
    if settings.database_url is None:
        _require_file(settings)
    key = (os.getpid(), settings.database_url or registry_path(settings), patience)
    with _lock:
        kept = _kept.pop(key, None) or _Kept(_make_engine(settings, patience))
        _kept[key] = kept
        kept.users += 1
        while len(_kept) > _MOST_KEPT:
            del _kept[next(iter(_kept))]
    return RegistryEngine(kept)


def _make_engine(settings: Settings, patience: float) -> Engine:
    if settings.database_url is None:
        return _make_sqlite(settings, patience)
    url = _postgres_url(settings.database_url)
    # pool_pre_ping: a connection that the server closed is replaced before a statement fails on it
    engine = create_engine(url, **_COMMON, pool_size=10, max_overflow=10, pool_timeout=patience, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _require_file(settings: Settings) -> None:
    path = registry_path(settings)
    try:
        make_private_folder(settings.home)
        _refuse_emptied(path, settings)
        path.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the home {settings.home}: {error.strerror}; set POLICYCORTEX_HOME"
        ) from error


def _make_sqlite(settings: Settings, patience: float) -> Engine:
    url = URL.create("sqlite+pysqlite", database=str(registry_path(settings)))
    # FastAPI has 40 threads, and none must wait for a connection.
    engine = create_engine(url, **_COMMON, connect_args={"timeout": patience}, pool_size=44, pool_timeout=patience)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_emptied(path: Path, settings: Settings) -> None:
    """An empty file is a valid SQLite database: without this, a registry that was cut would begin again without a word.

    Raises ConfigurationError.
    """
    if path.exists() and path.stat().st_size == 0 and any((settings.home / "artifacts").glob("*/*")):
        raise ConfigurationError(f"{path} is empty, although {settings.home} has reports; restore it from a backup")


def _postgres_url(text_url: str) -> URL:
    try:
        url = make_url(text_url)
    except Exception as error:
        raise ConfigurationError(
            "POLICYCORTEX_DATABASE_URL is not a URL such as postgresql://user@host/name"
        ) from error
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError(f"POLICYCORTEX_DATABASE_URL must be postgresql://..., got {url.get_backend_name()}://")
    return url.set(drivername="postgresql+psycopg2")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is too late for a write lock; see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an accepted request survives a power failure
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    # directly by the driver: through SQLAlchemy this statement costs as much as a small query
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None:
        try:
            driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        except sqlite3.OperationalError as error:
            raise OperationalError("BEGIN", None, error) from error


def _begin_postgres(connection: Connection) -> None:
    """A read has no BEGIN and ROLLBACK: one round trip instead of three.

    Under READ COMMITTED each statement sees its own state of the tables either way.
    """
    options, driver_connection = connection.get_execution_options(), connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.autocommit = not (options.get(WRITES, False) or options.get(STREAMS, False))
