"""Keeps a home from the other users of the machine: its folder, and all files of earlier versions in it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError

PRIVATE_UMASK: Final = 0o077
"""For processes that write into a home."""
_OTHERS: Final = 0o007
_ALL_BUT_OWNER: Final = 0o077


def tighten_home(home: Path, *, is_thorough: bool) -> str:
    """Remove all rights of other users on the home. Returns what was changed, "" for nothing.

    A home that only a group may enter is left to that group. The files in it are looked at if the home was open, or
    with ``is_thorough``. Raises ConfigurationError when the home is open and belongs to another user.
    """
    mode = stat.S_IMODE(home.stat().st_mode)
    is_open = bool(mode & _OTHERS)
    if is_open:
        try:
            home.chmod(mode & ~_ALL_BUT_OWNER)
        except OSError as error:
            raise ConfigurationError(
                f"every user of this machine can enter the home {home} (mode {mode:04o}), and its mode cannot be "
                f"changed: {error.strerror}; name a folder of your own as POLICYCORTEX_HOME"
            ) from None
    if not is_open and not is_thorough:
        return ""
    unwanted = _ALL_BUT_OWNER if stat.S_IMODE(home.stat().st_mode) & _ALL_BUT_OWNER == 0 else _OTHERS
    count = sum(_tighten(path, unwanted) for path in _below(home))
    changed = [f"mode {mode:04o} is now {mode & ~_ALL_BUT_OWNER:04o}"] if is_open else []
    changed += [f"rights of other users on {count} files and folders were removed"] if count else []
    return f"{home}: {'; '.join(changed)}" if changed else ""


def _below(folder: Path) -> Iterator[Path]:
    """All files and folders, without following links out of the home."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(parent, name)


def _tighten(path: Path, unwanted: int) -> bool:
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & unwanted:
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~unwanted)
    except OSError:
        return False  # it is gone, or another user's: the home's own mode keeps others out
    return True
