"""Copies the embedded lake's catalog and files to Postgres and a bucket: the same bytes and snapshots.

The catalog is copied row by row into tables that DuckLake created, so that the snapshots of reports stay readable.
Files are copied first and compared by digest; they are not used before the catalog's rows are committed.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import obstore
from obstore.exceptions import BaseError
from sqlalchemy import Connection, text

from policycortex.errors import ConfigurationError, IntegrityError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.attach import data_path, is_on_objects
from policycortex.storage.lake.catalog import CATALOG_SCHEMA, catalog_path
from policycortex.storage.lake.session import LakeSession
from policycortex.storage.objects.locations import open_store, split_object_url

_PART_BYTES: Final = 8 << 20
_ROWS_AT_ONCE: Final = 1000
_INLINED: Final = "ducklake_inlined_"
_COUNTED: Final = ("ducklake_snapshot", "ducklake_data_file", "ducklake_delete_file", "ducklake_table")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedCatalog:
    """The content of the catalog in Postgres."""

    snapshots: int
    files: int


def flush_inlined_rows(session: LakeSession) -> None:
    """Write rows that are inlined in the SQLite catalog to Parquet: their columns have SQLite's types."""
    with session.cursor() as cursor:
        cursor.execute("CALL ducklake_flush_inlined_data('lake')")


def count_rows(session: LakeSession, snapshot: int) -> dict[str, int]:
    """Number of rows of each table of that snapshot, by its name."""
    counts = {}
    with session.cursor() as cursor:
        named = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_catalog = 'lake'"
        for (name,) in cursor.execute(f"{named} ORDER BY ALL").fetchall():
            try:
                row = cursor.execute(f"SELECT count(*) FROM lake.{name} AT (VERSION => {snapshot})").fetchone()  # noqa: S608
            except duckdb.CatalogException:  # created later
                continue
            counts[name] = int(row[0]) if row else 0
    return counts


def list_lake_files(settings: Settings) -> tuple[str, ...]:
    """Paths, below the data folder, of all files of all snapshots of an embedded lake; sorted.

    Raises IntegrityError for a catalog with files outside the data folder.
    """
    query = """
        SELECT s.path, t.path, f.path, s.path_is_relative AND t.path_is_relative AND f.path_is_relative
        FROM (SELECT table_id, path, path_is_relative FROM ducklake_data_file
              UNION ALL SELECT table_id, path, path_is_relative FROM ducklake_delete_file) f
        JOIN ducklake_table t ON t.table_id = f.table_id JOIN ducklake_schema s ON s.schema_id = t.schema_id
    """
    with closing(_open_catalog(settings)) as catalog:
        rows = catalog.execute(query).fetchall()
    if not all(row[3] for row in rows):
        raise IntegrityError(f"the lake in {settings.home} has files outside its own folder; it cannot be migrated")
    return tuple(sorted({"".join(row[:3]) for row in rows}))


def copy_lake_file(source: Settings, target: Settings, path: str) -> int:
    """Copy one file unless the target has the same bytes. Returns its size. Raises IntegrityError, UnavailableError."""
    origin = Path(data_path(source)) / path
    try:
        size, digest = origin.stat().st_size, _digest(_chunks(origin))
    except OSError as error:
        raise IntegrityError(f"the lake's file {origin} cannot be read: {error.strerror}") from error
    destination = data_path(target)
    if is_on_objects(target):
        _put_object(destination, path, origin, digest)
    elif Path(destination) != Path(data_path(source)):
        _put_file(Path(destination) / path, origin, digest)
    return size


def copy_catalog(source: Settings, target: Settings, connection: Connection) -> CopiedCatalog:
    """Replace the rows of an empty lake's catalog in Postgres, within the connection's transaction."""
    with closing(_open_catalog(source)) as catalog:
        names = [row[0] for row in catalog.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for name in names:
            if name.startswith(_INLINED):
                _refuse_inlined(catalog, name)
            else:
                _copy_table(catalog, connection, name)
        _drop_inlined(connection)
        _set_data_path(connection, data_path(target))
        for name in _COUNTED:
            _compare_count(catalog, connection, name)
    return CopiedCatalog(
        snapshots=_count(connection, "ducklake_snapshot"), files=_count(connection, "ducklake_data_file")
    )


def _open_catalog(settings: Settings) -> sqlite3.Connection:
    path = catalog_path(settings)
    if not path.exists():
        raise ConfigurationError(f"there is no lake in {settings.home}: {path} is missing")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _refuse_inlined(catalog: sqlite3.Connection, name: str) -> None:
    if name == f"{_INLINED}data_tables":
        return
    [held] = catalog.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608 - the catalog's own name
    if held:
        raise IntegrityError(f"{held} rows of the lake are still in the catalog's table {name}; try again")


def _copy_table(catalog: sqlite3.Connection, connection: Connection, name: str) -> None:
    columns = _columns(connection, name)
    connection.execute(text(f"DELETE FROM {CATALOG_SCHEMA}.{name}"))  # noqa: S608 - the catalog's own name
    chosen = ", ".join(f'"{column}"' for column, _ in columns)
    values = ", ".join(f":{column}" for column, _ in columns)
    statement = text(f"INSERT INTO {CATALOG_SCHEMA}.{name} ({chosen}) VALUES ({values})")  # noqa: S608 - as above
    adapters = [_adapter(kind) for _, kind in columns]
    rows = catalog.execute(f'SELECT {chosen} FROM "{name}"')  # noqa: S608 - as above
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        connection.execute(
            statement,
            [
                {column: adapt(value) for (column, _), adapt, value in zip(columns, adapters, row, strict=True)}
                for row in batch
            ],
        )


def _columns(connection: Connection, name: str) -> list[tuple[str, str]]:
    query = text(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"
    )
    found = [(row[0], row[1]) for row in connection.execute(query, {"schema": CATALOG_SCHEMA, "name": name})]
    if not found:
        raise ConfigurationError(
            f"the lake's catalog in Postgres has no table {name}: it was created by another version of DuckLake; "
            "use the same program for both"
        )
    return found


def _adapter(kind: str) -> Callable[[Any], Any]:
    if kind == "boolean":  # SQLite stores 0 and 1
        return lambda value: None if value is None else bool(value)
    return lambda value: value


def _drop_inlined(connection: Connection) -> None:
    """Drop the inlined tables: DuckLake creates them again, with types of Postgres, when it needs them."""
    query = text("SELECT table_name FROM information_schema.tables WHERE table_schema = :schema")
    for row in connection.execute(query, {"schema": CATALOG_SCHEMA}).all():
        if row[0].startswith(_INLINED) and row[0] != f"{_INLINED}data_tables":
            connection.execute(text(f"DROP TABLE {CATALOG_SCHEMA}.{row[0]}"))
    connection.execute(text(f"DELETE FROM {CATALOG_SCHEMA}.{_INLINED}data_tables"))  # noqa: S608 - a constant


def _set_data_path(connection: Connection, path: str) -> None:
    statement = f"UPDATE {CATALOG_SCHEMA}.ducklake_metadata SET value = :path WHERE key = 'data_path'"  # noqa: S608
    connection.execute(text(statement), {"path": path})


def _compare_count(catalog: sqlite3.Connection, connection: Connection, name: str) -> None:
    [here] = catalog.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608 - a constant
    there = _count(connection, name)
    if here != there:
        raise IntegrityError(
            f"the catalog's table {name} has {here} rows here and {there} in Postgres; nothing is kept"
        )


def _count(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {CATALOG_SCHEMA}.{name}")).scalar_one())  # noqa: S608


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_PART_BYTES):
            yield chunk


def _digest(chunks: Iterator[Any]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _put_file(path: Path, origin: Path, digest: str) -> None:
    try:
        if path.exists() and _digest(_chunks(path)) == digest:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".part-{path.name}")
        shutil.copyfile(origin, part)
        part.replace(path)
    except OSError as error:
        raise UnavailableError(f"cannot copy the lake's file to {path}: {error.strerror}") from error
    if _digest(_chunks(path)) != digest:
        raise IntegrityError(f"{path} differs from its source")


def _put_object(url: str, path: str, origin: Path, digest: str) -> None:
    root, prefix = split_object_url(url)
    store, key = open_store(root), prefix + path
    try:
        try:
            if _digest(iter(obstore.get(store, key).stream(min_chunk_size=_PART_BYTES))) == digest:
                return
        except FileNotFoundError:
            pass
        obstore.put(store, key, origin, chunk_size=_PART_BYTES, max_concurrency=2)
        arrived = _digest(iter(obstore.get(store, key).stream(min_chunk_size=_PART_BYTES)))
    except (BaseError, OSError) as error:
        reason = " ".join(str(error).split("Debug source")[0].split())[:300]
        raise UnavailableError(f"cannot copy the lake's file to {root}/{key}: {reason}") from None
    if arrived != digest:
        raise IntegrityError(f"{root}/{key} differs from its source")
