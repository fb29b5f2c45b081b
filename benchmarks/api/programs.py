"""The API as a process with one worker, and the CPU time it has used."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from policycortex.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A running server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children: the figure that other load changes least."""
        root = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return sum(time_of.user + time_of.system for time_of in times)


@contextmanager
def our_api(settings: Settings) -> Iterator[Program]:
    """The API as ``serve`` starts it, without Dagster: no requested report is produced."""
    port = _free_port()
    environment = {"POLICYCORTEX_HOME": str(settings.home), "POLICYCORTEX_RATE_LIMIT": "10000000/minute"}
    if settings.database_url:
        environment["POLICYCORTEX_DATABASE_URL"] = settings.database_url
    with _running(
        [sys.executable, "-m", "policycortex_cli.api_server", "127.0.0.1", str(port)], environment, port
    ) as p:
        yield p


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[Program]:
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield Program(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
