"""Location and health of the lake's catalog; without DuckDB, for health checks."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.postgres import short_connection

CATALOG_SCHEMA: Final = "lake"
"""Postgres schema of the catalog; the registry and Dagster have others."""

SCHEMA_VERSION: Final = 9
"""Version of the lake's tables that this program makes."""

METADATA: Final = "__ducklake_metadata_lake"
"""DuckLake's name for the catalog of the lake attached as ``lake``."""

_CATALOG: Final = "the lake's catalog"
_PATIENCE_SECONDS: Final = 1.0
_VERSION_TABLES: Final = """
    SELECT inlined.table_name FROM {schema}ducklake_inlined_data_tables inlined
    JOIN {schema}ducklake_table named ON named.table_id = inlined.table_id
    WHERE named.table_name = 'schema_version' AND named.end_snapshot IS NULL
"""
"""The record of a version is a small write, which stays in the catalog."""


def metadata_tables(settings: Settings) -> str:
    """Database and schema of DuckLake's own tables in a connection with the lake attached."""
    return f"{METADATA}.{CATALOG_SCHEMA if settings.database_url else 'main'}"


def catalog_path(settings: Settings) -> Path:
    """The embedded catalog's SQLite file."""
    return settings.home / "lake" / "catalog.sqlite"


def has_catalog_file(settings: Settings) -> bool:
    """Whether the embedded catalog is there. SQLite makes an empty file when it opens none, which is no catalog."""
    path = catalog_path(settings)
    return path.exists() and path.stat().st_size > 0


def check_catalog(settings: Settings) -> None:
    """Read one row of the catalog. A missing lake is no error: the first import creates it.

    Raises StoreBusyError, UnavailableError, or ConfigurationError for a damaged file.
    """
    if settings.database_url is not None:
        with short_connection(settings.database_url, what=_CATALOG) as catalog:
            catalog.execute("SELECT 1")
    elif has_catalog_file(settings):
        _check_sqlite(catalog_path(settings))


def require_known_lake(settings: Settings) -> None:
    """Raises ConfigurationError for a lake of a newer program."""
    version = find_lake_version(settings)
    if version is not None and version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"the lake has schema version {version}, this program knows {SCHEMA_VERSION}: it was made by a newer "
            "version of this program; install that version, or restore a backup of before its installation"
        )


def find_lake_version(settings: Settings) -> int | None:
    """The newest version that the catalog records; None where there is none or it cannot be read.

    Nothing is written. A version of before the lake moved to Postgres is in Parquet and not found.
    """
    if settings.database_url is not None:
        return _find_version_in_postgres(settings.database_url)
    return find_version_in(catalog_path(settings)) if has_catalog_file(settings) else None


def find_version_in(path: Path) -> int | None:
    """As ``find_lake_version``, in the file of an embedded catalog."""
    try:
        with closing(_open_sqlite(path)) as catalog:
            names = [row[0] for row in catalog.execute(_VERSION_TABLES.format(schema=""))]
            found = [catalog.execute(f'SELECT max(version) FROM "{name}"').fetchone()[0] for name in names]  # noqa: S608
    except sqlite3.Error:
        return None
    return max((int(version) for version in found if version is not None), default=None)


def _find_version_in_postgres(url: str) -> int | None:
    found = []
    try:
        with short_connection(url, what=_CATALOG) as catalog:
            catalog.execute(_VERSION_TABLES.format(schema=f"{CATALOG_SCHEMA}."))
            for (name,) in catalog.fetchall():
                catalog.execute(f'SELECT max(version) FROM {CATALOG_SCHEMA}."{name}"')  # noqa: S608 - the catalog's name
                found += [row[0] for row in catalog.fetchall()]
    except UnavailableError:
        return None
    return max((int(version) for version in found if version is not None), default=None)


def _open_sqlite(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_SECONDS)


def _check_sqlite(path: Path) -> None:
    try:
        with closing(_open_sqlite(path)) as catalog:
            catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreBusyError("the lake's catalog is locked by another program") from error
        raise UnavailableError(f"the lake's catalog cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"the lake's catalog is damaged ({error}); restore it from a backup") from error
