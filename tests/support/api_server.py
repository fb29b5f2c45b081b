"""The API as a client meets it: a real server on loopback over a fresh home, its runs in the hand of the test."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from api.app import create_app
from api.platform.backfills import BackfillState, BackfillStatus
from api.platform.runs import PartState
from api.platform.server import SERVER_OPTIONS
from policycortex.errors import NotFoundError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.requests import ReportRequest
from policycortex.requests.backfill_body import BackfillRequest
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Failure, KeyRow, NewArtifact, Registry, ReportRow, open_registry
from policycortex.storage.registry.keys import DEFAULT_SCOPES
from policycortex_console.app import Console
from policycortex_mcp.endpoint import McpEndpoint

SERVED: Final[Mapping[str, Any]] = {"dagster_url": "http://127.0.0.1:1", "anonymous_rate_limit": "60000/minute"}
"""Settings of a server under test: no Dagster answers, and all tests ask from one address."""

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""``verify`` of clients on loopback, where nothing is encrypted: each would load all authorities in 40 ms of CPU."""


@dataclass
class FakeBackfills:
    """Takes backfills and leaves them running; the way through Dagster itself is tested in tests/e2e."""

    known: dict[tuple[str, str], BackfillState] = field(default_factory=dict)

    def start(self, order: BackfillRequest, *, organization: str, today: date) -> str:
        id_ = f"backfill{len(self.known)}"
        self.known[organization, id_] = BackfillState(
            id=id_,
            status=BackfillStatus.RUNNING,
            start=order.start,
            end=order.end,
            frameworks=order.frameworks,
            created_at=datetime.combine(today, datetime.min.time(), tzinfo=UTC),
            ended_at=None,
            targeted=1,
            in_progress=1,
            done=0,
            failed=0,
            failure=None,
        )
        return id_

    def find(self, backfill_id: str, *, organization: str) -> BackfillState:
        if (organization, backfill_id) not in self.known:
            raise NotFoundError(f"no backfill {backfill_id}")
        return self.known[organization, backfill_id]

    def cancel(self, backfill_id: str, *, organization: str) -> None:
        state = self.find(backfill_id, organization=organization)
        self.known[organization, backfill_id] = replace(state, status=BackfillStatus.CANCELLED)

    def close(self) -> None:
        return


@dataclass
class FakeRunLauncher:
    """Takes launches and lets the test say how runs go; the way through Dagster itself is tested in tests/e2e."""

    launched: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    is_away: bool = False

    def launch(self, report: ReportRow, order: ReportRequest) -> str:
        self._answer()
        self.launched.append(f"{report.id} {order.period.partition_key}")
        return f"run-of-{report.id}"

    def find_failure(self, report: ReportRow) -> Failure | None:
        self._answer()
        return self.failures.get(report.id)

    def has_run(self, report: ReportRow) -> bool:
        self._answer()
        return any(launched.startswith(report.id) for launched in self.launched)

    def cancel(self, run_id: str) -> None:
        self._answer()
        self.cancelled.append(run_id)

    def check(self) -> tuple[PartState, ...]:
        return (PartState(name="dagster", is_ok=not self.is_away),)

    def close(self) -> None:
        return

    def reset(self) -> None:
        """As new."""
        self.launched.clear()
        self.cancelled.clear()
        self.failures.clear()
        self.is_away = False

    def _answer(self) -> None:
        if self.is_away:
            raise UnavailableError("Dagster's webserver does not answer")


@dataclass
class Clock:
    """The time of the application; tests turn it."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.moment

    def reset(self) -> None:
        """To the true time."""
        self.moment = datetime.now(UTC)

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


@dataclass
class ApiServer:
    """One running API with all that stands behind it."""

    url: str
    app: FastAPI
    settings: Settings
    registry: Registry
    launcher: FakeRunLauncher
    clock: Clock
    organization: str
    """Each test has its own, so that all may share one server."""
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, *, organization: str | None = None, scopes: Collection[str] = DEFAULT_SCOPES) -> httpx.Client:
        """A client with a fresh key, of the test's organisation unless another is named."""
        return self.keyed_client(organization=organization, scopes=scopes)[1]

    def keyed_client(
        self,
        *,
        organization: str | None = None,
        scopes: Collection[str] = DEFAULT_SCOPES,
        networks: Collection[str] = (),
        expires_at: datetime | None = None,
    ) -> tuple[KeyRow, httpx.Client]:
        """The same, with its key's row."""
        key, token = self.registry.keys.create_key(
            organization=organization or self.organization,
            name="test",
            scopes=scopes,
            networks=networks,
            expires_at=expires_at,
            now=self.clock(),
        )
        return key, self.bare_client({"Authorization": f"Bearer {token}"})

    def bare_client(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """A client without a key."""
        client = httpx.Client(base_url=self.url, headers=headers or {}, trust_env=False, timeout=60, verify=NO_TLS)
        self.clients.append(client)
        return client

    def complete(
        self,
        report_id: str,
        files: dict[ReportFormat, bytes] | None = None,
        *,
        expires_at: datetime | None = None,
        summary: dict[str, object] | None = None,
        snapshot: str = "7",
    ) -> ReportRow:
        """Play the run's last steps with the real stores; ``summary`` has figures beside the usual ones."""
        store, made = open_artifacts(self.settings), []
        for report_format, content in (files or {ReportFormat.PDF: b"%PDF-1.7 a report"}).items():
            source = self.settings.home / "source.tmp"
            source.write_bytes(content)
            stored = store.put_artifact(report_id, report_format, source)
            made.append(
                NewArtifact(format=report_format, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
            )
        self.registry.reports.mark_running(report_id, "run", now=self.clock())
        return self.registry.reports.complete_report(
            report_id,
            artifacts=made,
            summary={
                "compliance_score": 96.3,
                "total_violations": 18,
                "critical": 2,
                "high": 4,
                "medium": 7,
                "low": 5,
                "informational": 0,
                "risk_score": 31.5,
            }
            | (summary or {}),
            content={"pages": 47, "sections": [{"name": "Executive Summary", "pages": 3}]},
            snapshot=snapshot,
            expires_at=expires_at,
            now=self.clock(),
        )


def run_server(settings: Settings) -> Iterator[ApiServer]:
    """A server for these settings, as ``serve`` starts it: tools for assistants and the console before the API."""
    launcher, clock = FakeRunLauncher(), Clock()
    registry = open_registry(settings)
    app = create_app(settings, launcher=launcher, backfills=FakeBackfills(), now=clock)
    console = Console(app, settings, now=clock, sign_ins_per_minute=100_000)
    for url in serve(McpEndpoint(console, app)):
        yield ApiServer(
            url=url,
            app=app,
            settings=settings,
            registry=registry,
            launcher=launcher,
            clock=clock,
            organization="default",
        )
    registry.close()


def serve(app: ASGIApp) -> Iterator[str]:
    """Run the app in a thread; yields its address. The app closes its registry and threads at the end."""
    yield from _listen(uvicorn.Config(app, log_config=None, **SERVER_OPTIONS))


def serve_beside(front: ASGIApp) -> Iterator[str]:
    """Run another front of an app that a fixture serves: the app goes on when the front ends."""
    yield from _listen(uvicorn.Config(front, log_config=None, **SERVER_OPTIONS | {"lifespan": "off"}))


def _listen(config: uvicorn.Config) -> Iterator[str]:
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def log_records(caplog: pytest.LogCaptureFixture, request_id: str) -> list[logging.LogRecord]:
    """The log records of the request, waiting for the first: it is written after the response."""
    deadline = time.monotonic() + 10
    while True:
        found = [record for record in caplog.records if vars(record).get("request_id") == request_id]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)
