"""Lists and details of 100,000 reports: this API against Django REST framework, one process each, on the same file.

Run: ``python -m benchmarks.api_reads [REPORTS] [SECONDS]``. Needs the ``bench`` dependency group. Rounds are
interleaved, so that a noisy machine troubles both alike; the first round warms up and is not shown.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.api_reads.load import Measured, measure
from benchmarks.api_reads.seed import seed_reports
from policycortex.settings import Settings

CONNECTIONS = 16
ROUNDS = 3


def main() -> None:
    """Print one table."""
    count, seconds = (
        int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,
        float(sys.argv[2]) if len(sys.argv) > 2 else 5.0,
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings(home=Path(folder))
        token, report_id = seed_reports(settings, count)
        ports = {"policycortex": _free_port(), "django rest framework": _free_port()}
        programs = (_ours(settings, ports["policycortex"]), _django(settings, ports["django rest framework"]))
        started = [stack.enter_context(_running(program)) for program in programs]
        processes = dict(zip(ports, started, strict=True))
        for port in ports.values():
            _wait_for(port)
        print(f"{count} reports, {CONNECTIONS} connections, medians of {ROUNDS} interleaved rounds of {seconds:g} s")
        print("| read | server | requests/s | median ms | p99 ms | CPU ms per request |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name, path in (("list", "/v1/reports?limit=20"), ("detail", f"/v1/reports/{report_id}")):
            _compare(name, path, processes, ports, token, seconds)


def _compare(  # noqa: PLR0917 - one table's worth of arguments
    name: str, path: str, processes: dict[str, int], ports: dict[str, int], token: str, seconds: float
) -> None:
    rounds: dict[str, list[Measured]] = {server: [] for server in ports}
    spent: dict[str, list[float]] = {server: [] for server in ports}
    for _ in range(ROUNDS + 1):
        for server, port in ports.items():
            before = _cpu_seconds(processes[server])
            measured = measure(port, path, token, connections=CONNECTIONS, seconds=seconds)
            answered = measured.requests_per_second * seconds
            rounds[server].append(measured)
            spent[server].append((_cpu_seconds(processes[server]) - before) / answered * 1000)
    for server, all_rounds in rounds.items():
        shown = all_rounds[1:]
        rate = median(m.requests_per_second for m in shown)
        middle, tail = median(m.median_ms for m in shown), median(m.p99_ms for m in shown)
        cost = median(spent[server][1:])
        print(f"| {name} | {server} | {rate:.0f} | {middle:.1f} | {tail:.1f} | {cost:.2f} |", flush=True)


def _cpu_seconds(pid: int) -> float:
    """User and system time of the process and its children: what a noisy machine troubles least."""
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(time_of.user + time_of.system for time_of in times)


def _ours(settings: Settings, port: int) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "-m", "policycortex.cli.api_server", "127.0.0.1", str(port)]
    return command, {"POLICYCORTEX_HOME": str(settings.home), "POLICYCORTEX_RATE_LIMIT": "10000000/minute"}


def _django(settings: Settings, port: int) -> tuple[list[str], dict[str, str]]:
    worker = ["--workers", "1", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        *worker,
        "--bind",
        f"127.0.0.1:{port}",
        "benchmarks.api_reads.django_app",
    ]
    return command, {"BENCHMARK_DATABASE": str(settings.home / "registry.sqlite")}


@contextmanager
def _running(program: tuple[list[str], dict[str, str]]) -> Iterator[int]:
    command, environment = program
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
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


if __name__ == "__main__":
    main()
