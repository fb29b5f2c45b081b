"""Fixtures of the API's tests; what they hand out is described in tests/api/house.py."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from api.app import create_app
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.api.house import ApiServer, Clock, FakeRunLauncher, HandBackfills, serve
from tests.ground import Backend, FleetGround, environ, own_part


@pytest.fixture(scope="session")
def folder_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One server for all tests: starting one takes longer than most tests."""
    home = tmp_path_factory.mktemp("api") / "home"
    yield from _run_house(Settings(home=home, dagster_url="http://127.0.0.1:1"))  # nobody listens there


@pytest.fixture(scope="session")
def fleet_house(fleet_of_session: FleetGround, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The same on Postgres and S3."""
    with environ(fleet_of_session.objects.environment):
        settings = own_part(fleet_of_session).settings(
            tmp_path_factory.mktemp("api-fleet") / "home", dagster_url="http://127.0.0.1:1"
        )
        settings.home.mkdir(parents=True)
        house = _run_house(settings)
        running = next(house)
    yield running
    yield from house


def _run_house(settings: Settings) -> Iterator[ApiServer]:
    launcher, clock = FakeRunLauncher(), Clock()
    registry = open_registry(settings)
    for url in serve(create_app(settings, launcher=launcher, backfills=HandBackfills(), now=clock)):
        yield ApiServer(
            url=url, settings=settings, registry=registry, launcher=launcher, clock=clock, organization="default"
        )
    registry.close()


@pytest.fixture
def running_house(ground: Backend, request: pytest.FixtureRequest) -> ApiServer:
    """The server on that ground."""
    house: ApiServer = request.getfixturevalue("folder_house" if ground.name == "folder" else "fleet_house")
    return house


@pytest.fixture
def house(running_house: ApiServer) -> Iterator[ApiServer]:
    """The running API, seen from an organisation of the test's own."""
    running_house.launcher.reset()
    running_house.clock.reset()
    own = replace(running_house, organization=f"org-{secrets.token_hex(4)}", clients=[])
    yield own
    for client in own.clients:
        client.close()


@pytest.fixture
def client(house: ApiServer) -> httpx.Client:
    """A client that may read and write reports of the default organisation."""
    return house.client()


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
