"""Servers on loopback that never end their answer: each byte comes in time, the last one never does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

_INTERVAL_SECONDS: Final = 0.2

DRIPS: Final = {
    "response headers": (b"HTTP/1.1 200 OK\r\n", b"X-Again: yes\r\n"),
    "response body": (b"HTTP/1.1 503 Busy\r\nContent-Length: 1000000\r\n\r\n", b"."),
    "bytes of the status line": (b"", b"H"),
    "TLS handshake": (b"\x16\x03\x03\x40\x00", b"\x02"),
    "SMTP greeting": (b"", b"220-wait\r\n"),
    "SMTP answer": (b"220 ready\r\n", b"250-wait\r\n"),
    "SSH banner": (b"", b"wait\r\n"),
    "SSH key exchange": (b"SSH-2.0-slow\r\n\x00\x00\x40\x00", b"\x14"),
}
"""What a server sends at once, and then again and again."""


@dataclass(kw_only=True)
class SlowReceiver:
    """Its port, and how many connections it holds or held."""

    port: int
    connections: list[socket.socket] = field(default_factory=list)
    has_ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def slow_receiver(drip: str) -> Iterator[SlowReceiver]:
    """A server that drips as ``DRIPS`` tells."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    receiver = SlowReceiver(port=listener.getsockname()[1])
    threading.Thread(target=_accept, args=(listener, receiver, DRIPS[drip]), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.has_ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, receiver: SlowReceiver, drip: tuple[bytes, bytes]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            receiver.connections.append(connection)
            threading.Thread(target=_drip, args=(connection, receiver, drip), daemon=True).start()


def _drip(connection: socket.socket, receiver: SlowReceiver, drip: tuple[bytes, bytes]) -> None:
    first, again = drip
    with suppress(OSError), connection:
        connection.sendall(first)
        for piece in cycle([again]):
            if receiver.has_ended.wait(_INTERVAL_SECONDS):
                return
            connection.sendall(piece)
