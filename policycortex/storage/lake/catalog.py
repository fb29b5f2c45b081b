"""Location and health of the lake's catalog; without DuckDB, for health checks."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.settings import Settings

CATALOG_SCHEMA: Final = "lake"
"""Postgres schema of the catalog; the registry and Dagster have others."""

_PATIENCE_SECONDS: Final = 1.0


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
        _check_postgres(settings.database_url)
    elif has_catalog_file(settings):
        _check_sqlite(catalog_path(settings))


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_SECONDS)) as catalog:
            catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StoreBusyError("the lake's catalog is locked by another program") from error
        raise UnavailableError(f"the lake's catalog cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"the lake's catalog is damaged ({error}); restore it from a backup") from error


def _check_postgres(url: str) -> None:
    import psycopg2  # noqa: PLC0415 - 25 ms that only a lake in Postgres needs

    scheme, separator, rest = url.partition("://")
    try:
        with closing(psycopg2.connect(f"{scheme.partition('+')[0]}{separator}{rest}", connect_timeout=2)) as catalog:
            catalog.cursor().execute("SELECT 1")
    except psycopg2.Error:
        raise UnavailableError("the lake's catalog in Postgres does not answer") from None  # its text may show the URL
