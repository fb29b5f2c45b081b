"""Fixtures of the API's tests; what they hand out is described in tests/support/api_server.py."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from policycortex.settings import Settings
from tests.support.api_server import SERVED, ApiServer, run_server
from tests.support.backends import Backend, FleetBackend, environ, with_own_databases
from tests.support.history import ORGANIZATION, serve_history


@pytest.fixture(scope="session")
def folder_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One server for all tests: starting one takes longer than most tests."""
    home = tmp_path_factory.mktemp("api") / "home"
    yield from run_server(Settings(home=home, **SERVED))


@pytest.fixture(scope="session")
def fleet_server(fleet_of_session: FleetBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The same on Postgres and S3."""
    with environ(fleet_of_session.objects.environment):
        settings = with_own_databases(fleet_of_session).settings(
            tmp_path_factory.mktemp("api-fleet") / "home", **SERVED
        )
        settings.home.mkdir(parents=True)
        server = run_server(settings)
        running = next(server)
    yield running
    yield from server


@pytest.fixture(scope="session")
def folder_history(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[ApiServer]:
    """A server with the sixteen days, for tests that read them."""
    yield from serve_history(tmp_path_factory, empty_home)


@pytest.fixture
def analysed(folder_history: ApiServer) -> Iterator[ApiServer]:
    """The organisation with the sixteen days; that both backends read the same, tests of the lake show."""
    folder_history.clock.reset()
    server = replace(folder_history, organization=ORGANIZATION, clients=[])
    yield server
    for client in server.clients:
        client.close()


@pytest.fixture
def running_server(backend: Backend, request: pytest.FixtureRequest) -> ApiServer:
    """The server on that backend."""
    server: ApiServer = request.getfixturevalue("folder_server" if backend.name == "folder" else "fleet_server")
    return server


@pytest.fixture
def server(running_server: ApiServer) -> Iterator[ApiServer]:
    """The running API, seen from an organisation of the test's own."""
    running_server.launcher.reset()
    running_server.clock.reset()
    own = replace(running_server, organization=f"org-{secrets.token_hex(4)}", clients=[])
    yield own
    for client in own.clients:
        client.close()


@pytest.fixture
def client(server: ApiServer) -> httpx.Client:
    """A client that may read and write reports of the default organisation."""
    return server.client()


@pytest.fixture
def order() -> dict[str, object]:
    """The documentation's example body."""
    return {
        "name": "Monthly Security Assessment",
        "type": "audit",
        "framework": "iso27001",
        "description": "Monthly security audit for ISO 27001 compliance",
        "scope": {
            "environments": ["production", "staging"],
            "cloud_providers": ["aws", "azure", "gcp"],
            "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"},
        },
        "format_options": {
            "formats": ["pdf", "excel"],
            "include_executive_summary": True,
            "include_detailed_findings": True,
        },
        "delivery": {
            "immediate": False,
            "scheduled_at": "2024-02-01T09:00:00Z",
            "notifications": {"email": ["compliance@company.com"]},
        },
    }
