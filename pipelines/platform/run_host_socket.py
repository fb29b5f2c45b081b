"""How the launcher reaches the run host: one line of JSON each way over a Unix socket that only the owner can open."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LINE_BYTES = 65_536


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A listening socket at ``path``; one that a dead host left behind is replaced."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server, _short(path) as address:
        server.bind(address)
        path.chmod(0o600)
        server.listen(64)
        yield server


def ask(path: Path, question: dict[str, Any], *, timeout_seconds: float) -> dict[str, Any]:
    """Send one question and wait for its answer. Raises OSError when nobody answers."""
    with socket.socket(socket.AF_UNIX) as client, _short(path) as address:
        client.settimeout(timeout_seconds)
        client.connect(address)
        client.sendall(json.dumps(question).encode() + b"\n")
        return receive(client)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one line. Raises OSError when the other side left before its end."""
    with connection.makefile("rb") as lines:
        line = lines.readline(_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise ConnectionError("the other side of the socket left in the middle of a line")
    message: dict[str, Any] = json.loads(line)
    return message


@contextmanager
def _short(path: Path) -> Iterator[str]:
    # A socket's address holds 107 bytes, and homes may be deeper: go through the open folder instead.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
