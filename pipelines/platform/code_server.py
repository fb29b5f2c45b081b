"""Dagster's code server as a fork of a host that has everything loaded; a reload replaces it by a new fork.

``serve`` starts it as ``python -m pipelines.platform.code_server SOCKET MODULE LOCATION PORT``; MODULE holds ``defs``.
Dagster's own command for a server that can reload (``dagster code-server start``) is two programs, which share no
memory with other services; the first passes each request on to the second.

A request at SOCKET, which the webserver makes for each reload, forks a server that imports MODULE again, so that it has
the customers' schedules as they are now. Both listen at PORT until the former one closes its socket: no request is
refused. Requests that the former one has begun are answered. Changed code is read by a restart of ``serve`` only.
"""

import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from setproctitle import setproctitle

from pipelines.platform.forked_process import fork, receive_signals
from pipelines.platform.run_host_socket import listen, receive_message, send_request
from pipelines.platform.service_logs import JSON, log_as_json

_log = logging.getLogger("pipelines.platform.code_server")

_HOST: Final = "127.0.0.1"
_LOADING_SECONDS: Final = 60.0
_ENDING_SECONDS: Final = 10.0
_STOPPING_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
_LISTENING: Final = "0A"


class ReloadError(Exception):
    """The definitions could not be loaded again; the former server serves on."""


@dataclass(slots=True, kw_only=True)
class _CodeHost:
    """Forks the servers."""

    command: Callable[[], None]
    """Dagster's command line; reads ``sys.argv``."""
    definitions_module: str
    location: str
    port: int
    current: int = 0
    """Process id of the server that gets new requests."""
    former: set[int] = field(default_factory=set)
    """Those that answer what they have begun."""

    def start(self) -> None:
        """Fork the first server, and wait until it listens or has ended."""
        self.current = self._fork()
        _wait(lambda: _listeners(self.port) or _has_ended(self.current), _LOADING_SECONDS)

    def replace(self) -> None:
        """Fork a new server and end the former one when it listens. Raises ReloadError."""
        before, new = _listeners(self.port), self._fork(is_reload=True)
        if not _wait(lambda: _listeners(self.port) - before or _has_ended(new), _LOADING_SECONDS) or _has_ended(new):
            with suppress(ProcessLookupError):
                os.kill(new, signal.SIGKILL)
            self.former.add(new)
            raise ReloadError("the definitions could not be loaded; the log of the code server has the reason")
        former, self.current = self.current, new
        self.former.add(former)
        os.kill(former, signal.SIGTERM)
        if not _wait(lambda: not _listeners(self.port) & before, _ENDING_SECONDS):
            os.kill(former, signal.SIGKILL)

    def reap(self) -> bool:
        """Collect the servers that have ended. Returns whether the current one still runs."""
        self.former = {pid for pid in self.former if not os.waitpid(pid, os.WNOHANG)[0]}
        return not os.waitpid(self.current, os.WNOHANG)[0]

    def await_end(self) -> None:
        """Wait a moment until all have ended. They get the signals of this process, because they are of its group."""
        _wait(lambda: all(map(_has_ended, (self.current, *self.former))), _STOPPING_SECONDS)

    def _fork(self, *, is_reload: bool = False) -> int:
        return fork("code server", partial(self._serve, is_reload=is_reload))

    def _serve(self, *, is_reload: bool) -> None:
        """Run Dagster's server in this process, which is a fork. Raises RuntimeError when it did not end well."""
        if is_reload:
            sys.modules.pop(self.definitions_module, None)  # Dagster imports it, which reads the registry
        options = ["--host", _HOST, "--port", str(self.port), "--location-name", self.location]
        options += ["--log-format", JSON, "--log-level", "warning"]
        sys.argv = ["dagster", "api", "grpc", "-m", self.definitions_module, *options]
        setproctitle(" ".join(sys.argv))
        try:
            self.command()
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"dagster api grpc ended with {end.code}") from None


def main(socket_path: Path, definitions_module: str, location: str, port: int) -> None:
    """Serve and replace until SIGTERM. Raises SystemExit when the server ended: the supervisor restarts both."""
    command = preload_server(definitions_module)
    host = _CodeHost(command=command, definitions_module=definitions_module, location=location, port=port)
    signals = receive_signals()
    with listen(socket_path) as server, selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(signals, selectors.EVENT_READ)
        host.start()
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    _serve_request(server, host)
                elif not set(signals.recv(4096)) <= {signal.SIGCHLD}:
                    host.await_end()
                    return
            if not host.reap():
                raise SystemExit("the code server ended")


def preload_server(definitions_module: str) -> Callable[[], None]:
    """Import the definitions and Dagster's command line, which is returned: the program ``dagster``, which need not be
    on the path of a service. No server, channel or connection may be open before a fork."""
    importlib.import_module(definitions_module)
    (program,) = distribution("dagster").entry_points.select(group="console_scripts", name="dagster")
    command: Callable[[], None] = program.load()
    return command


def replace_code(socket_path: Path) -> None:
    """Have the code server load the definitions again. Raises ReloadError with the reason."""
    try:
        response = send_request(socket_path, {}, timeout_seconds=_LOADING_SECONDS + _ENDING_SECONDS)
    except OSError as error:
        raise ReloadError(f"the code server does not answer: {error}") from error
    if reason := response.get("error"):
        raise ReloadError(reason)


def _serve_request(server: socket.socket, host: _CodeHost) -> None:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            receive_message(connection)
            connection.sendall(json.dumps(_replaced(host)).encode() + b"\n")
        except (OSError, ValueError) as error:
            _log.warning("cannot answer a request: %s", error)


def _replaced(host: _CodeHost) -> dict[str, Any]:
    try:
        host.replace()
    except ReloadError as error:
        return {"error": str(error)}
    return {}


def _listeners(port: int) -> set[str]:
    """Inodes of the sockets that listen at the port. gRPC uses sockets for both versions of IP."""
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}


def _has_ended(pid: int) -> bool:
    """Whether the child has ended; it stays for ``reap``."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait(condition: Callable[[], object], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


if __name__ == "__main__":
    log_as_json()
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
