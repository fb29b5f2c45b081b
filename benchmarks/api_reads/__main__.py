"""Lists and details of 1,000 to a million reports: this API against Django REST framework on the same tables.

Run: ``python -m benchmarks.api_reads [REPORTS,REPORTS... [SECONDS]]``. One process each, on SQLite and on Postgres.
Rounds are interleaved, so that a noisy machine troubles both alike; the first one warms up and is not counted.
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

import psutil

from benchmarks.api_reads.load import measure
from benchmarks.api_reads.seed import seed_reports
from benchmarks.harness import ROUNDS, Measured
from benchmarks.results import Bar, Comparison, save
from policycortex.settings import Settings
from tests.servers import PostgresServer, postgres

CONNECTIONS = 16
SIZES = (1_000, 100_000, 1_000_000)
OURS, DJANGO = "policycortex", "Django REST framework"
RATE, MIDDLE, TAIL, TAIL_RATIO, COST = (
    "requests_per_second", "median_ms", "p99_ms", "p99_over_median", "cpu_ms_per_request",
)  # fmt: skip


def main() -> None:
    """Every size on both databases."""
    sizes = [int(text) for text in sys.argv[1].split(",")] if len(sys.argv) > 1 else list(SIZES)
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    with postgres() as server:
        comparisons = [
            comparison
            for size in sizes
            for ground in (None, server)
            for comparison in _compare_both(size, ground, seconds)
        ]
    save("api_reads", "Lists and details of reports", comparisons)


def _compare_both(count: int, server: PostgresServer | None, seconds: float) -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = server.url(server.create_database()) if server else None
        settings = Settings(home=Path(folder), database_url=url)
        token, report_id = seed_reports(settings, count)
        ports = {OURS: _free_port(), DJANGO: _free_port()}
        programs = (_ours(settings, ports[OURS]), _django(settings, ports[DJANGO]))
        started = [stack.enter_context(_running(program)) for program in programs]
        processes = dict(zip(ports, started, strict=True))
        for port in ports.values():
            _wait_for(port)
        ground = f"of {count:,} reports on {'Postgres' if server else 'SQLite'}"
        return [
            _compare(f"{name} {ground}", path, processes, ports, token, seconds)
            for name, path in (("List", "/v1/reports?limit=20"), ("Detail", f"/v1/reports/{report_id}"))
        ]


def _compare(  # noqa: PLR0917 - one table's worth of arguments
    name: str, path: str, processes: dict[str, int], ports: dict[str, int], token: str, seconds: float
) -> Comparison:
    found: dict[str, dict[str, list[float]]] = {
        server: {figure: [] for figure in (RATE, MIDDLE, TAIL, TAIL_RATIO, COST)} for server in ports
    }
    for number in range(ROUNDS + 1):
        for server, port in ports.items():
            before = _cpu_seconds(processes[server])
            run = measure(port, path, token, connections=CONNECTIONS, seconds=seconds)
            spent = (_cpu_seconds(processes[server]) - before) / run.requests * 1000
            values = (run.requests_per_second, run.median_ms, run.p99_ms, run.p99_ms / run.median_ms, spent)
            for figure, value in zip(found[server], values, strict=True):
                found[server][figure] += [value] if number else []
    return Comparison(
        name=name,
        measured=[Measured(name=server, figures=figures) for server, figures in found.items()],
        bars=[
            Bar(figure=RATE, ours=OURS, against=DJANGO, at_least=2.5),
            Bar(figure=TAIL_RATIO, ours=OURS, at_most=3),
        ],
        columns=(RATE, MIDDLE, TAIL, COST),
        note=f"{CONNECTIONS} connections, {seconds:g} s a round. CPU per request is what a busy machine moves least.",
    )


def _cpu_seconds(pid: int) -> float:
    """User and system time of the process and its children: what a noisy machine troubles least."""
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(time_of.user + time_of.system for time_of in times)


def _ours(settings: Settings, port: int) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "-m", "policycortex.cli.api_server", "127.0.0.1", str(port)]
    environment = {"POLICYCORTEX_HOME": str(settings.home), "POLICYCORTEX_RATE_LIMIT": "10000000/minute"}
    return command, environment | (
        {"POLICYCORTEX_DATABASE_URL": settings.database_url} if settings.database_url else {}
    )


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
    return command, {"BENCHMARK_DATABASE": settings.database_url or str(settings.home / "registry.sqlite")}


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


if __name__ == "__main__":
    main()
