"""Protocol between the run launcher and the run host: one line of JSON each way over a Unix socket.

The socket file is accessible to its owner only.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_LINE_BYTES: Final = 65_536


@contextmanager
def listen(path: Path) -> Iterator[socket.socket]:
    """A listening socket at ``path``. The socket file of an earlier process is replaced."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server, _short_address(path) as address:
        server.bind(address)
        path.chmod(0o600)
        server.listen(64)
        yield server


def send_request(path: Path, request: dict[str, Any], *, timeout_seconds: float) -> dict[str, Any]:
    """Send one request and return the response. Raises OSError when no process answers in time."""
    with socket.socket(socket.AF_UNIX) as client, _short_address(path) as address:
        client.settimeout(timeout_seconds)
        client.connect(address)
        client.sendall(json.dumps(request).encode() + b"\n")
        return receive_message(client)


def receive_message(connection: socket.socket) -> dict[str, Any]:
    """Read one line. Raises ConnectionError when the connection ends before the line does."""
    with connection.makefile("rb") as lines:
        line = lines.readline(_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise ConnectionError("the connection ended in the middle of a line")
    message: dict[str, Any] = json.loads(line)
    return message


@contextmanager
def _short_address(path: Path) -> Iterator[str]:
    # A socket address holds at most 107 bytes, and paths of homes may be longer: use the open folder instead.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
