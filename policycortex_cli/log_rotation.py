"""Limits the size of log files while their writers have them open."""

import os
import shutil
from pathlib import Path
from typing import Final

LOG_BYTES: Final = 10_000_000
KEPT: Final = 3
"""Older parts of a log, ``name.log.1`` the newest."""


def rotate_log(path: Path) -> bool:
    """Copy a log that is too large, and empty it. Returns whether it did.

    The writer keeps its file and appends at the new end. It cannot be made to open another file, because some
    services are Dagster's. What it writes between the two steps, microseconds, is lost.
    """
    if not path.exists() or path.stat().st_size <= LOG_BYTES:
        return False
    for number in range(KEPT, 1, -1):
        older = _part(path, number - 1)
        if older.exists():
            older.replace(_part(path, number))
    shutil.copyfile(path, _part(path, 1))
    os.truncate(path, 0)
    return True


def _part(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
