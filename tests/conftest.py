"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from tests.support.backends import Backend, FleetBackend, make_fleet_backend, with_own_databases
from tests.support.distribution import FilesByFolder, start_slowest_first
from tests.support.empty_homes import make_empty_home
from tests.support.new_homes import copied_homes, made_homes
from tests.support.servers import ObjectServer, PostgresServer, object_server, postgres

# No timed asserts: a busy machine is no failure. What is in force already is kept: in CI, Hypothesis's fixed examples.
settings.register_profile("project", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real findings and frameworks beside the project; absent on a machine that has only the project."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs the shared test data at {folder}", pytrace=False)
        pytest.skip(f"no shared test data at {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A Postgres for this process of the test session."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[ObjectServer]:
    """An S3 for this process of the test session."""
    with object_server() as server:
        yield server


@pytest.fixture(scope="session")
def fleet_of_session(
    postgres_server: PostgresServer, s3_server: ObjectServer, tmp_path_factory: pytest.TempPathFactory
) -> FleetBackend:
    """What all tests on Postgres and S3 share: the servers, a bucket and the template."""
    return make_fleet_backend(postgres_server, s3_server, tmp_path_factory.mktemp("template") / "home")


@pytest.fixture
def fleet(fleet_of_session: FleetBackend, monkeypatch: pytest.MonkeyPatch) -> Iterator[FleetBackend]:
    """Postgres and S3, with the store's variables in the environment."""
    for name, value in fleet_of_session.objects.environment.items():
        monkeypatch.setenv(name, value)
    own = with_own_databases(fleet_of_session)
    yield own
    own.drop_databases()


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with empty lake and registry, to be copied; new ones of this process are copies, too."""
    made = make_empty_home(tmp_path_factory.mktemp("empty") / "home")
    with copied_homes(made):
        yield made


@pytest.fixture
def makes_homes() -> Iterator[None]:
    """For a test of what the first opening of a home does."""
    with made_homes():
        yield


@pytest.fixture(params=["folder", "fleet"])
def backend(request: pytest.FixtureRequest, empty_home: Path) -> Backend:
    """A test that takes it runs twice: on a folder, and on Postgres and S3."""
    if request.param == "folder":
        return Backend(empty_home=empty_home)
    fleet: FleetBackend = request.getfixturevalue("fleet")
    return fleet


@pytest.fixture
def lake_settings(backend: Backend, tmp_path: Path) -> Settings:
    """An empty installation that waits one second for a lock."""
    return backend.settings(tmp_path / "home", lock_timeout_seconds=1.0)


@pytest.fixture
def home_settings(tmp_path: Path) -> Settings:
    """The same in a folder, for what only a folder has."""
    return Settings(home=tmp_path / "home", lock_timeout_seconds=1.0)


@pytest.fixture
def lake(lake_settings: Settings) -> Iterator[Lake]:
    """An empty lake."""
    with open_lake(lake_settings) as opened:
        yield opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow folders first, so that no worker is left alone with one at the end."""
    start_slowest_first(items, config.rootpath)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesByFolder:
    """Used whatever ``--dist`` says."""
    return FilesByFolder(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``; it stands here because options must be known before a folder's conftest is read."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
