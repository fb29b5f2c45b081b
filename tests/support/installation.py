"""The product as a user runs it: the console script, and a served installation."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from tests.support.forked_programs import run_forked

PROGRAM = Path(sys.executable).with_name("policycortex")
START_SECONDS = 120

T = TypeVar("T")


@dataclass(kw_only=True)
class Server:
    """A running ``policycortex serve`` and how to reach it."""

    process: "subprocess.Popen[str]"
    home: Path
    port: int
    dagster_port: int
    key: str = ""
    sign_in_link: str = ""
    """Printed at the start; it signs in once."""
    _ui: httpx.Client | None = None
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Base of the API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ui(self) -> httpx.Client:
        """A client that is signed in to the Dagster UI by the printed link, and sends the header Origin as pages do."""
        if self._ui is None:
            self._ui = signed_in(self.sign_in_link)
        return self._ui

    def query_dagster(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of a query of Dagster's GraphQL."""
        answer = self.ui.post("/graphql", json={"query": query, "variables": variables or {}})
        data: dict[str, Any] = answer.raise_for_status().json()["data"]
        return data

    def family(self) -> list[psutil.Process]:
        """Every process the server started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def curl(self, *arguments: str) -> str:
        """The documentation's own client, with the key; fails on what is no HTTP answer."""
        command = ["curl", "--silent", "--show-error", "--max-time", "60", "-H", f"Authorization: Bearer {self.key}"]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout

    def http_code(self, path: str) -> str:
        """The status of a GET without key; "000" where nobody answers."""
        command = [
            "curl",
            "--silent",
            "--max-time",
            "60",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            f"{self.url}/{path}",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def curl_json(self, *arguments: str) -> dict[str, Any]:
        """The answer's body as JSON."""
        body: dict[str, Any] = json.loads(self.curl(*arguments))
        return body


def run_program(*arguments: str | Path, home: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the console script with a home of its own."""
    env = os.environ | {"POLICYCORTEX_HOME": str(home)} | environ
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, env=env, timeout=900)


def run_command(*arguments: str | Path, home: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The same in a process that is forked, without the three seconds of CPU that the script takes to start."""
    given = [str(argument) for argument in arguments]
    return run_forked(PROGRAM, given, os.environ | {"POLICYCORTEX_HOME": str(home)} | environ, timeout=900)


def start_server(home: Path, **environ: str) -> Server:
    """Start ``serve`` on free ports and wait until it says where it is."""
    port, dagster_port = free_port(), free_port()
    command = [str(PROGRAM), "serve", "--home", str(home), "--port", str(port), "--dagster-port", str(dagster_port)]
    env = os.environ | environ
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    server = Server(process=process, home=home, port=port, dagster_port=dagster_port)
    assert process.stdout is not None
    for line in process.stdout:  # ends with the process; the test's own timeout bounds it
        server.output.append(line)
        if line.startswith("Dagster UI"):
            server.sign_in_link = line.split()[-1]
            return server
    raise AssertionError(f"serve ended with {process.wait()}: {''.join(server.output)}{_logs(home)}")


def signed_in(link: str) -> httpx.Client:
    """A client with the session that the link of ``serve`` or ``policycortex ui link`` opens."""
    base = link.partition("/sign-in")[0]
    client = httpx.Client(base_url=base, headers={"Origin": base}, timeout=300, trust_env=False)
    client.get(link).raise_for_status()
    return client


def stop_server(server: Server) -> int:
    """SIGTERM, as a service manager would; returns the exit code."""
    if server._ui is not None:
        server._ui.close()
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(timeout=60)
    assert server.process.stdout is not None
    server.output.extend(server.process.stdout)
    server.process.stdout.close()
    return code


def wait_until(condition: Callable[[], T | None], *, seconds: float = 90, what: str) -> T:
    """The first true answer of ``condition``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _logs(home: Path) -> str:
    return "".join(f"\n--- {path.name}\n{path.read_text()[-2000:]}" for path in sorted(home.glob("logs/*.log")))
