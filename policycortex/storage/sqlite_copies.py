"""Copies SQLite files while other processes use them: the copy holds one committed state, and writers do not wait."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from policycortex.errors import UnavailableError

_PATIENCE_SECONDS: Final = 30.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Write a copy of mode 0600; complete or not at all. The folder of ``target`` exists.

    Raises UnavailableError when the source cannot be read or the copy not be written.
    """
    address = f"{source.absolute().as_uri()}?mode=ro"
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.touch(mode=0o600)
        with (
            closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE_SECONDS)) as old,
            closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)  # in one step: it would begin again after each write of another process
            new.execute("PRAGMA journal_mode=DELETE")  # one file: no other has to be copied with it
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"{source} cannot be copied to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
