"""Stands between a program and Postgres and writes down each statement that goes by: one way there and back each."""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from policycortex.settings import Settings

_ENCRYPTION_REQUESTS: Final = (80877103, 80877104)


@dataclass
class Relay:
    """What was asked, in the order it came."""

    port: int
    statements: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """The statements since the last call."""
        taken, self.statements[:] = list(self.statements), []
        return taken


@contextmanager
def relayed(settings: Settings) -> Iterator[tuple[Settings, Relay]]:
    """The same installation, its database reached through a relay; leave it after the connections are closed."""
    assert settings.database_url is not None
    url = urlsplit(settings.database_url)
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(port=listener.getsockname()[1])
    assert url.port is not None
    thread = threading.Thread(target=_accept, args=(listener, url.port, relay), daemon=True)
    thread.start()
    place = f"{url.username}@127.0.0.1:{relay.port}"
    try:
        yield settings.model_copy(update={"database_url": url._replace(netloc=place).geturl()}), relay
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _accept(listener: socket.socket, port: int, relay: Relay) -> None:
    connections = []
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            break  # closed: nobody else comes
        connections.append(threading.Thread(target=_serve, args=(client, port, relay)))
        connections[-1].start()
    for connection in connections:
        connection.join()


def _serve(client: socket.socket, port: int, relay: Relay) -> None:
    """Until either side ends."""
    with suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as server:
        questions = _Questions(relay)
        while True:
            for source in select.select([client, server], [], [])[0]:
                content = source.recv(65536)
                if not content:
                    return
                if source is client:
                    questions.note(content)
                (server if source is client else client).sendall(content)


class _Questions:
    """One connection's way to the server, cut into its messages."""

    def __init__(self, relay: Relay) -> None:
        self._relay, self._waiting, self._is_started = relay, b"", False

    def note(self, content: bytes) -> None:
        self._waiting += content
        while (size := _message_bytes(self._waiting, self._is_started)) and len(self._waiting) >= size:
            message, self._waiting = self._waiting[:size], self._waiting[size:]
            if not self._is_started:
                self._is_started = struct.unpack("!i", message[4:8])[0] not in _ENCRYPTION_REQUESTS
            elif message[:1] == b"Q":
                self._relay.statements.append(message[5:-1].decode())


def _message_bytes(waiting: bytes, is_started: bool) -> int:
    """Length of the first message; 0 while its head is not there. The first ones of a connection have no kind."""
    start = 1 if is_started else 0
    if len(waiting) < start + 4:
        return 0
    return start + int(struct.unpack("!i", waiting[start : start + 4])[0])
