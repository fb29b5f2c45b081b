"""``policycortex serve`` as a user starts it, and the cost of all its processes together."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

PROGRAM = Path(sys.executable).with_name("policycortex")
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running installation."""

    process: "subprocess.Popen[str]"
    client: httpx.Client
    start_seconds: float
    """Wall time from the command to "ready"."""

    def request(self, body: dict[str, Any]) -> str:
        """Request a report; return its id."""
        answer = self.client.post("/v1/reports", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def wait_for(self, report_id: str) -> None:
        """Wait until it is completed. Raises SystemExit when it fails or takes too long."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            report = self.client.get(f"/v1/reports/{report_id}").raise_for_status().json()
            if report["status"] == "completed":
                return
            if report["status"] not in {"pending", "queued", "generating", "running", "processing"}:
                raise SystemExit(f"report {report_id} came to {report['status']}: {json.dumps(report)[:500]}")
            time.sleep(0.05)
        raise SystemExit(f"report {report_id} was not completed within {PATIENCE_SECONDS:g} s")

    def cpu_seconds(self) -> float:
        """Of all its processes so far, those that ended included."""
        return sum(_spent(process) for process in self._family())

    def memory_mb(self) -> float:
        """Proportional set size of all its processes: pages shared by several are counted once."""
        found = 0.0
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                found += process.memory_full_info().pss / 1e6
        return found

    def _family(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def running(home: Path) -> Iterator[Installation]:
    """Started on free ports; stopped by SIGTERM, as service managers do."""
    environment = os.environ | {"POLICYCORTEX_HOME": str(home), "POLICYCORTEX_RATE_LIMIT": "1000000/minute"}
    made = subprocess.run(
        [PROGRAM, "keys", "create", "--name", "bench"], env=environment, check=True, capture_output=True, text=True
    )
    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(port), "--dagster-port", str(_free_port())],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        _wait_until_ready(process)
        seconds = time.perf_counter() - began
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            yield Installation(process=process, client=client, start_seconds=seconds)
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    for line in process.stdout or ():  # ends with the process
        if line.startswith("Dagster UI"):
            return
    raise SystemExit(f"serve ended with {process.wait()}")


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
