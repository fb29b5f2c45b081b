"""Recognises a full disk and damaged files of the lake by DuckDB's errors, and finds the file."""

import re
from pathlib import Path
from typing import Final

import duckdb

from policycortex.errors import ConfigurationError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import catalog_path

_FULL_WORDS: Final = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "disk is full",
    "disk I/O error",
)
"""SQLite reports a full disk also as an I/O error."""
_CATALOG_WORDS: Final = ("disk image is malformed", "file is not a database")
_FILE: Final = re.compile(r"""['"]([^'"]+\.parquet)['"]""")
_GONE_WORDS: Final = ("No such file", "Cannot open file", "HTTP", "Could not establish connection")
"""A file that cannot be reached is not damaged."""
_OF_DAMAGE: Final = (
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)


def is_disk_full(error: duckdb.Error) -> bool:
    """Whether a file could not be written because there is no space for it, or because the disk fails."""
    return any(words in str(error) for words in _FULL_WORDS)


def full_disk(error: duckdb.Error, settings: Settings) -> UnavailableError:
    """The error for it. DuckDB names the file, SQLite does not."""
    reason = str(error).splitlines()[0]
    return UnavailableError(
        f"the disk of the lake in {settings.home} is full or fails ({reason}); free space, then run it again"
    )


def is_damaged_catalog(error: duckdb.Error) -> bool:
    """Whether SQLite cannot read the catalog's file."""
    return any(words in str(error) for words in _CATALOG_WORDS)


def damaged_catalog(error: duckdb.Error, settings: Settings) -> ConfigurationError:
    """The error for it."""
    reason = next(words for words in _CATALOG_WORDS if words in str(error))
    return ConfigurationError(
        f"the lake's catalog {catalog_path(settings)} is damaged ({reason}); restore it from a backup"
    )


def refuse_lost_catalog(settings: Settings) -> None:
    """Raise ConfigurationError when there is no catalog, or an empty one, for data that is there.

    An empty file is a valid SQLite database, so without this the lake would begin again without a word.
    """
    path, data = catalog_path(settings), settings.home / "lake" / "data"
    if settings.database_url is None and settings.lake_url is None and next(data.rglob("*.parquet"), None):
        raise ConfigurationError(
            f"the lake's catalog {path} is missing or empty, although {data} has data of it; restore it from a backup"
        )


def find_damaged_file(error: duckdb.Error, settings: Settings) -> str:
    """The damaged Parquet file that caused the error; "" when none did.

    Not every error names the file. Then all files of a lake in a folder are read, which may take minutes.
    """
    text = str(error)
    if any(words in text for words in _GONE_WORDS) or not (
        isinstance(error, _OF_DAMAGE) or type(error) is duckdb.Error
    ):
        return ""
    if named := _FILE.search(text):
        return named[1]
    if settings.lake_url is not None and "://" in settings.lake_url:
        return f"below {settings.lake_url}" if type(error) is duckdb.Error else ""
    data = Path(settings.lake_url) if settings.lake_url is not None else settings.home / "lake" / "data"
    return next((str(path) for path in sorted(data.rglob("*.parquet")) if not _is_readable(path)), "")


def _is_readable(path: Path) -> bool:
    with duckdb.connect() as connection:
        try:
            connection.execute("SELECT count(COLUMNS(*)) FROM read_parquet(?)", [str(path)])
        except duckdb.Error:
            return False
    return True
