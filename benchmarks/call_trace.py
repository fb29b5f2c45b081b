"""``python -m benchmarks.call_trace``: how much of the product's code one request crosses.

Counts the files and functions of the product that run, in all threads, for a list of reports, for a new report, for an
import and for a report, each the second of its kind: what is loaded once per process does not count. Comprehensions,
lambdas and generated code do not count either. Files and numbers do not depend on the load of the machine.
"""

import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import httpx
import uvicorn

from api.app import create_app
from benchmarks.harness import ROOT
from policycortex.findings.samples import write_samples
from policycortex.names import ReportFormat
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex_cli.ingest import ingest_paths
from policycortex_cli.report import make_report

PACKAGES: Final = ("policycortex", "policycortex_cli", "pipelines", "api", "policycortex_console", "policycortex_mcp")
DAYS: Final = Period.of_days(date(2026, 10, 1), date(2026, 10, 16))
REQUEST: Final = {
    "name": "Trace",
    "type": "compliance",
    "framework": "soc2",
    "scope": {"date_range": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-31T23:59:59Z"}},
    "format_options": {"formats": [ReportFormat.JSON.value]},
}


class CallTrace:
    """Collects code of the product that is called while it records."""

    def __init__(self) -> None:
        self._is_recording = False
        self._called: set[CodeType] = set()
        self._folders: Final = tuple(f"{ROOT / package}/" for package in PACKAGES)
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    @contextmanager
    def recording(self, title: str) -> Iterator[None]:
        """Record the calls of the block and print their numbers."""
        self._called.clear()
        self._is_recording = True
        yield
        self._is_recording = False
        ours = [code for code in self._called if self._counts(code)]
        print(f"{title:24} {len({code.co_filename for code in ours}):4} files {len(ours):5} functions", flush=True)

    def _profile(self, frame: FrameType, event: str, _value: object) -> None:
        if self._is_recording and event == "call":
            self._called.add(frame.f_code)

    def _counts(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self._folders) and not code.co_name.startswith("<")


class QuietRuns:
    """In place of Dagster's webserver: notes launches only, so that the trace ends where the API's work does."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_args, **_kwargs: f"run-{name}" if name == "launch" else None


def trace_api(trace: CallTrace, settings: Settings) -> None:
    """A list of one report and a new report, over a socket."""
    with closing(open_registry(settings)) as registry:
        _, token = registry.keys.create_key(organization="default", name="trace")
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, launcher=QuietRuns(), backfills=QuietRuns()), log_config=None)
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", headers=headers) as client:
            for _ in range(2):
                client.post("/v1/reports", json=REQUEST).raise_for_status()
                client.get("/v1/reports").raise_for_status()
            time.sleep(1)  # what the first requests left to threads
            with trace.recording("GET /v1/reports"):
                client.get("/v1/reports").raise_for_status()
            with trace.recording("POST /v1/reports"):
                client.post("/v1/reports", json=REQUEST | {"name": secrets.token_hex(4)}).raise_for_status()
        server.should_exit = True
        thread.join()


def trace_command_line(trace: CallTrace, settings: Settings, folder: Path) -> None:
    """An import and a report as ``policycortex ingest`` and ``policycortex report`` do them."""
    files = write_samples(folder / "findings", period=DAYS, findings_per_scan=200, clouds=("aws",))
    ingest_paths(settings, files[:1], organization="default")
    with trace.recording("policycortex ingest"):
        ingest_paths(settings, files[1:2], organization="default")
    make_report(settings, REQUEST, out=folder / "out", organization="default")
    with trace.recording("policycortex report"):
        make_report(settings, REQUEST, out=folder / "out", organization="default")


def main() -> None:
    """Print one line per action."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(home=folder / "home", dagster_url="http://127.0.0.1:1")
        trace = CallTrace()
        trace_command_line(trace, settings, folder)
        trace_api(trace, settings)


if __name__ == "__main__":
    main()
