"""``serve`` of one version of the product as a user starts it, and the cost of all its processes together."""

import json
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from benchmarks.serving.versions import Version

_PATIENCE_SECONDS: Final = 900.0
_POLL_SECONDS: Final = 0.1
_STOPPING_SECONDS: Final = 10.0
_OPEN: Final = {"pending", "queued", "generating", "running", "processing"}
_SERVICES: Final = {
    "api_server": "API",
    "_daemon": "daemon",
    "platform.daemon": "daemon",
    "code-server": "code server, proxy",
    "api grpc": "code server",
    "platform.code_server": "code server, host",
    "webserver": "webserver",
    "pipelines.ui": "webserver",
    "run_host": "run host",
    "watchdog": "watchdog",
}
"""Names of services by a part of their command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running installation."""

    process: "subprocess.Popen[str]"
    client: httpx.Client
    start_seconds: float
    """Wall time from the command to "ready"."""
    start_cpu_seconds: float

    def request(self, body: dict[str, Any]) -> str:
        """Request a report; return its id."""
        answer = self.client.post("/v1/reports", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def wait_for(self, report_id: str) -> dict[str, Any]:
        """Wait until it is completed; return it. Raises SystemExit when it fails or takes too long."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            report: dict[str, Any] = self.client.get(f"/v1/reports/{report_id}").raise_for_status().json()
            if report["status"] == "completed":
                return report
            if report["status"] not in _OPEN:
                raise SystemExit(f"report {report_id} came to {report['status']}: {json.dumps(report)[:500]}")
            time.sleep(_POLL_SECONDS)
        raise SystemExit(f"report {report_id} was not completed within {_PATIENCE_SECONDS:g} s")

    def wait_for_workers(self) -> None:
        """Wait until the processes of runs have ended, so that their CPU time counts."""
        until = time.monotonic() + _STOPPING_SECONDS
        while time.monotonic() < until and self._run_processes() > 1:
            time.sleep(_POLL_SECONDS)

    def _run_processes(self) -> int:
        return sum(_service_of(process) == "run host" for process in _family(self.process.pid))

    def cpu_seconds(self) -> float:
        """Of all its processes so far, those that ended included."""
        return _cpu_seconds(self.process.pid)

    def cpu_by_service(self) -> dict[str, float]:
        """CPU seconds so far."""
        found: defaultdict[str, float] = defaultdict(float)
        for process in _family(self.process.pid):
            found[_service_of(process)] += _spent(process)
        return found

    def memory_by_service(self) -> dict[str, float]:
        """Proportional set size in MB: pages that several processes share are counted once in the sum."""
        found: defaultdict[str, float] = defaultdict(float)
        for process in _family(self.process.pid):
            with suppress(psutil.NoSuchProcess):
                found[_service_of(process)] += process.memory_full_info().pss / 1e6
        return found


@contextmanager
def running(version: Version, home: Path) -> Iterator[Installation]:
    """Started on free ports; stopped by SIGTERM, as service managers do."""
    environment = version.environment(home) | {"POLICYCORTEX_RATE_LIMIT": "1000000/minute"}
    key = subprocess.run(
        version.command("keys", "create", "--name", "bench"),
        env=environment, check=True, capture_output=True, text=True, cwd=home,
    ).stdout.strip()  # fmt: skip
    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        version.command("serve", "--port", str(port), "--dagster-port", str(_free_port())),
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=home,
    )  # fmt: skip
    try:
        _wait_until_ready(process)
        seconds, spent = time.perf_counter() - began, _cpu_seconds(process.pid)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            yield Installation(process=process, client=client, start_seconds=seconds, start_cpu_seconds=spent)
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    for line in process.stdout or ():  # ends with the process
        if line.startswith("Dagster UI"):
            return
    raise SystemExit(f"serve ended with {process.wait()}")


def _family(root: int) -> Sequence[psutil.Process]:
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def _cpu_seconds(root: int) -> float:
    return sum(_spent(process) for process in _family(root))


def _service_of(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "ended"
    return next((name for part, name in _SERVICES.items() if part in command), "serve")


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
