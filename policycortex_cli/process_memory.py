"""Memory of the processes of a service, from ``/proc``."""

import os
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_GROUP_FIELD: Final = 2  # of /proc/PID/stat after the name of the command, which may hold spaces and brackets
_PAGES_FIELD: Final = 21


def largest_process_bytes(group: int) -> int:
    """Resident bytes of the largest process of the group; 0 when it has none. A sum would count shared pages twice."""
    found = (_resident_bytes(path, group) for path in Path("/proc").glob("[0-9]*/stat"))
    return max(found, default=0)


def _resident_bytes(path: Path, group: int) -> int:
    try:
        fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:  # the process has ended
        return 0
    return int(fields[_PAGES_FIELD]) * _PAGE_BYTES if int(fields[_GROUP_FIELD]) == group else 0
