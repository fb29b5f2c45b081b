"""Memory of the processes of a service, from ``/proc``."""

import ctypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_MADV_DONTNEED: Final = 4
_BLOCK: Final = re.compile(
    r"^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) r-[-x]p [^\n]* /[^\n]*\n(?:[A-Z][^\n]*\n)*?Anonymous: +0 kB\n",
    re.MULTILINE,
)
"""A mapping in ``smaps``: private, of a file, not written, without pages that the dynamic linker has changed."""


def largest_process_bytes(group: int) -> int:
    """Resident bytes of the largest process of the group; 0 when it has none. A sum would count shared pages twice.

    It is asked often, so that it reads files of the group's processes alone.
    """
    members = (path for path in Path("/proc").iterdir() if path.name.isdecimal() and _group_of(path) == group)
    return max(map(_resident_bytes, members), default=0)


def _group_of(process: Path) -> int | None:
    try:
        return os.getpgid(int(process.name))
    except OSError:  # the process has ended
        return None


def _resident_bytes(process: Path) -> int:
    try:
        return int((process / "statm").read_text(encoding="utf-8").split()[1]) * _PAGE_BYTES
    except OSError:  # the process has ended
        return 0


def release_library_pages() -> None:
    """Give back the pages of libraries that this process has mapped and not changed; it reads them again when it uses
    them.

    A process that imports for others and then only waits holds 100 MB of them, mostly of libraries that start up when
    they are imported.
    """
    libc = ctypes.CDLL(None)
    for start, end in _unchanged_files():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)


def _unchanged_files() -> Iterator[tuple[int, int]]:
    """Address ranges of mapped files that cannot be written, and of which the process has no pages of its own."""
    blocks = _BLOCK.finditer(Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace"))
    return ((int(block["start"], 16), int(block["end"], 16)) for block in blocks)
