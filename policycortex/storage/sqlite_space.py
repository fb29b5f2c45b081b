"""Gives space that SQLite files hold for deleted rows back to the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from policycortex.settings import Settings

_LEAST_BYTES: Final = 10_000_000
_LEAST_SHARE: Final = 0.25
"""A file is written again, while writers wait some seconds per gigabyte, only if at least this share becomes free."""
_PATIENCE_SECONDS: Final = 5.0


def embedded_databases(settings: Settings) -> Iterator[Path]:
    """The SQLite files of a home: registry, catalog of the lake, Dagster's storage."""
    found = (settings.home / "registry.sqlite", settings.home / "lake" / "catalog.sqlite")
    yield from (path for path in found if path.is_file())
    yield from sorted(path for path in settings.dagster_home.rglob("*.db") if path.is_file())


def release_space(path: Path, *, is_dry_run: bool = False) -> int:
    """Write the file again without unused pages if that is worth it. Returns the bytes that became, or would be, free.

    A file that others use for long is left for the next call.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as database:
            unused, pages, size = (
                int(database.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("freelist_count", "page_count", "page_size")
            )
            if unused * size < _LEAST_BYTES or unused < pages * _LEAST_SHARE:
                return 0
            if not is_dry_run:
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return unused * size
    except sqlite3.Error:
        return 0
