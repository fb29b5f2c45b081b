"""The console over a real registry and lake, and people who are signed in."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import KeyRow
from tests.console.screens import Filled, fill_organization
from tests.support.api_server import NO_TLS, SERVED, ApiServer, run_server
from tests.support.history import ORGANIZATION, serve_history


@dataclass
class Visitor:
    """A browser without script: cookies, the header Origin, and forms with their token."""

    client: httpx.Client
    key: KeyRow

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """A page."""
        return self.client.get(path, params=parameters)

    def submit(self, path: str, fields: dict[str, str | list[str]], *, page: str = "/health") -> httpx.Response:
        """Send a form of ``page`` with the token that the page has."""
        return self.client.post(path, data={"form_token": form_token(self.get(page).text), **fields})


@dataclass
class ConsoleServer:
    """The served console."""

    api: ApiServer
    visitors: list[httpx.Client] = field(default_factory=list)

    def browser(self, *, origin: str | None = "own") -> httpx.Client:
        """A browser that nobody has signed in. None: without the header Origin."""
        headers = {"Accept": "text/html"}
        if origin is not None:
            headers["Origin"] = self.api.url if origin == "own" else origin
        client = httpx.Client(base_url=self.api.url, headers=headers, trust_env=False, verify=NO_TLS, timeout=60)
        self.visitors.append(client)
        return client

    def sign_in(self, *scopes: str, organization: str | None = None, role: str = "") -> Visitor:
        """A person with a key of these scopes; all of them by default."""
        key, token = self.api.registry.keys.create_key(
            organization=organization or self.api.organization,
            name="Ada",
            scopes=scopes or ("admin",),
            now=self.api.clock(),
        )
        client = self.browser()
        answer = client.post("/sign-in", data={"secret": token, "role": role})
        assert answer.status_code == 303, answer.text
        return Visitor(client, key)

    def link(self, role: WebRole = WebRole.OPERATOR, name: str = "Grace") -> str:
        """The token of a fresh sign-in link."""
        return self.api.registry.web_sessions.create_link(role=role, name=name, now=self.api.clock())


def form_token(text: str) -> str:
    """The token that the forms of a page send back."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', text)
    assert found is not None
    return found[1]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One server for all tests of the console."""
    home = tmp_path_factory.mktemp("console") / "home"
    yield from run_server(Settings(home=home, **SERVED))


@pytest.fixture(scope="session")
def served_history(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[ApiServer]:
    """A server beside it, on which an organisation has sixteen days of findings."""
    yield from serve_history(tmp_path_factory, empty_home)


@pytest.fixture(scope="session")
def everything(served: ApiServer) -> Filled:
    """An organisation with one of everything. Tests may add to it; they change and end only what they made."""
    served.clock.reset()
    return fill_organization(served, "everything")


def console_of(served: ApiServer, organization: str) -> Iterator[ConsoleServer]:
    """Its console, seen from an organisation."""
    served.launcher.reset()
    served.clock.reset()
    opened = ConsoleServer(replace(served, organization=organization, clients=[]))
    yield opened
    for client in [*opened.visitors, *opened.api.clients]:
        client.close()


@pytest.fixture
def console(served: ApiServer) -> Iterator[ConsoleServer]:
    """The console, seen from an organisation of the test's own."""
    yield from console_of(served, f"org-{secrets.token_hex(4)}")


@pytest.fixture
def history(served_history: ApiServer) -> Iterator[ConsoleServer]:
    """The console, seen from the organisation with sixteen days of findings."""
    yield from console_of(served_history, ORGANIZATION)


@pytest.fixture
def visitor(console: ConsoleServer) -> Visitor:
    """An admin of the test's organisation."""
    return console.sign_in()
