"""``python -m benchmarks.fleet [REPORTS]``: reports an hour of one Celery worker and of four, on this machine.

They share Postgres, a bucket and a broker with ``serve``, and nothing else; each executes one run at a time. The limit
is the number of cores, of which ``serve`` takes a part. Reports are of the last month of the demo, as PDF and JSON: to
assess its three months in a bucket would take minutes before the first report. Needs ``redis-server`` and the programs
of the tests; takes five minutes on two free cores.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.harness import ROOT
from benchmarks.serving.body import TWELVE, body
from benchmarks.serving.installation import Installation, running
from benchmarks.serving.versions import NOW, SERVING, Version, findings_of_demo, last_months, make_home
from tests.support.backends import make_fleet_backend
from tests.support.servers import object_server, postgres


def main() -> None:
    """One worker, then four, each with a warm-up report."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    version = Version(name=NOW, folder=ROOT, entry="policycortex_cli")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        backend = make_fleet_backend(
            stack.enter_context(postgres(is_durable=True)), stack.enter_context(object_server()), folder
        )
        os.environ |= backend.environment(backend.bare_settings(folder)) | {
            "POLICYCORTEX_BROKER_URL": stack.enter_context(_broker(folder)),
            "POLICYCORTEX_INSTALLATION_KEY": "env:FLEET_KEY",
            "FLEET_KEY": "A" * 43 + "=",
        }
        _tell("importing a month")
        start, _ = _month()
        findings = [path for path in findings_of_demo(SERVING) if f"-{start:%Y%m}" in path.name]
        installation = stack.enter_context(running(version, make_home(version, SERVING, findings)))
        for workers in (1, 4):
            with ExitStack() as machines:
                for number in range(workers):
                    machines.enter_context(_worker(version, folder / f"worker-{workers}-{number}"))
                _tell(f"{workers} workers are ready; a report each to warm up")
                _make(installation, workers)
                seconds = _make(installation, count)
            print(f"{workers} workers: {count} reports in {seconds:.0f} s, {3600 * count / seconds:.0f} an hour")


def _month() -> tuple[datetime, datetime]:
    """Start and end of the last month of the demo."""
    _, end = last_months()
    return (end - timedelta(days=1)).replace(day=1), end


def _tell(message: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {message}", file=sys.stderr, flush=True)


def _make(installation: Installation, count: int) -> float:
    start, end = _month()
    began = time.perf_counter()
    for report_id in [installation.request(body(TWELVE, start, end)) for _ in range(count)]:
        installation.wait_for(report_id)
    return time.perf_counter() - began


@contextmanager
def _broker(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


@contextmanager
def _worker(version: Version, home: Path) -> Iterator[None]:
    """A worker in a home of its own, once it takes runs."""
    log = home.with_suffix(".log")
    command = version.command("worker", "--home", str(home), "--slots", "1", "--name", home.name)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=version.environment(home))
    try:
        while " ready." not in log.read_text():
            if process.poll() is not None:
                raise SystemExit(f"a worker ended:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


if __name__ == "__main__":
    main()
