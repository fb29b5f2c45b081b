"""Private temporary folders below the home, for files that must not outlive the process, such as unencrypted reports.

A process that is killed leaves its folders. The operating system releases their locks, so the next process that makes
or sweeps folders removes them.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from filelock import FileLock, Timeout

from policycortex.errors import ConfigurationError, UnavailableError
from policycortex.security.key_store import make_private_folder
from policycortex.settings import Settings

_PREFIX: Final = "work-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def private_folder(settings: Settings) -> Iterator[Path]:
    """A new folder of mode 0700 in ``<home>/tmp``, removed at the end. Raises ConfigurationError."""
    with locked_folder(_root(settings), _PREFIX) as folder:
        yield folder


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Within the block, ``tempfile`` makes the temporary files of libraries in ``folder``.

    This holds for all threads of the process, so it is not for a server. WeasyPrint copies a document's fonts, 6 MB,
    and removes them when Python collects the document's objects: not in a process that is killed or exits at once.
    """
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def sweep_private_folders(settings: Settings) -> int:
    """Remove the folders of processes that were killed. Returns how many."""
    return sweep_folders(_root(settings), _PREFIX)


@contextmanager
def locked_folder(root: Path, prefix: str) -> Iterator[Path]:
    """A new folder in ``root``; its lock shows other processes that it is in use.

    Raises ConfigurationError when it cannot be made, UnavailableError when the disk is full, also within its block.
    """
    folder = root / f"{prefix}{uuid4().hex}"
    lock = FileLock(_lock_path(folder), mode=0o600)
    try:
        make_private_folder(root)
        sweep_folders(root, prefix)
        lock.acquire()
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {root}: {error.strerror}; check its permissions and the free space of its disk"
        ) from None
    try:
        yield folder
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UnavailableError(
            f"cannot write to {root}: {os.strerror(error.errno or 0)}; free space on its disk, then run it again"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        _lock_path(folder).unlink(missing_ok=True)


def sweep_folders(root: Path, prefix: str) -> int:
    """Remove the folders in ``root`` whose processes are dead. Returns how many."""
    swept = 0
    for path in root.glob(f"{prefix}*.lock"):
        try:
            with FileLock(path, timeout=0):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        except Timeout:
            continue
        path.unlink(missing_ok=True)
        swept += 1
    return swept


def _root(settings: Settings) -> Path:
    return settings.home / "tmp"


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
