"""The guard before an application that only notes what reaches it, over a real registry."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.sync.client import ClientConnection, connect

from pipelines.ui.access import UiAccess
from pipelines.ui.guard import UiGuard
from pipelines.ui.recorder import UiRecorder
from policycortex.audit.chain import NO_ORGANIZATION, AuditRecord
from policycortex.security.client_address import ClientAddresses
from policycortex.security.service_token import service_token
from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import LOOPBACK_NAMES, SiteGuard, WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from tests.support.api_server import NO_TLS, Clock
from tests.support.installation import free_port


@dataclass
class Behind:
    """The application in Dagster's place."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    """Of each request that reached it: method, path, headers, body, role."""
    messages: list[Any] = field(default_factory=list)
    """WebSocket messages that reached it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            socket = WebSocket(scope, receive, send)
            await socket.accept()
            async for text in socket.iter_text():
                self.messages.append(json.loads(text))
                await socket.send_json({"type": "data"})
            return
        request = Request(scope, receive)
        self.requests.append(
            {
                "method": request.method,
                "path": request.url.path,
                "headers": dict(request.headers),
                "body": await request.body(),
                "role": scope.get("policycortex.role"),
            }
        )
        await JSONResponse({"data": {}})(scope, receive, send)


@dataclass
class Ui:
    """A guarded UI and its parts."""

    app: UiGuard
    behind: Behind
    registry: Registry
    recorder: UiRecorder
    settings: Settings
    clock: Clock
    port: int
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Its address and origin."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, *, origin: str = "own") -> httpx.Client:
        """A browser's client that nobody has signed in; "": without the header Origin."""
        headers = {"Origin": self.base if origin == "own" else origin} if origin else {}
        client = httpx.Client(base_url=self.base, headers=headers, trust_env=False, verify=NO_TLS, timeout=60)
        self.clients.append(client)
        return client

    def socket(self, client: httpx.Client, origin: str | None = "own") -> ClientConnection:
        """A WebSocket with the cookies of the client."""
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        headers = {"Cookie": cookies} | ({"Origin": self.base if origin == "own" else origin} if origin else {})
        return connect(f"ws://127.0.0.1:{self.port}/graphql", additional_headers=headers, proxy=None)

    def signed_in(self, role: WebRole = WebRole.OPERATOR) -> httpx.Client:
        """A client with a session of a fresh link."""
        client = self.client()
        assert client.get("/sign-in", params={"token": self.link(role)}).status_code == 200
        return client

    def link(self, role: WebRole = WebRole.OPERATOR) -> str:
        """A fresh link's token."""
        return self.registry.web_sessions.create_link(role=role, name="test", now=self.clock())

    def service(self) -> httpx.Client:
        """A client of the installation's own services."""
        client = self.client(origin="")
        client.headers["Authorization"] = f"Bearer {service_token(self.settings)}"
        return client

    def records(self) -> list[AuditRecord]:
        """The audit log of the whole installation, with everything that happened so far."""
        self.recorder._log.flush()
        return list(self.registry.audit_log.read_records(NO_ORGANIZATION))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a registry, to be copied: the migrations take most of a test's time."""
    home = tmp_path_factory.mktemp("ui") / "home"
    open_registry(Settings(home=home)).close()
    return home


@pytest.fixture
def ui(tmp_path: Path, empty_home: Path) -> Iterator[Ui]:
    """A UI on a free port, without a configured name."""
    shutil.copytree(empty_home, tmp_path / "home")
    port = free_port()
    settings = Settings(home=tmp_path / "home", dagster_url=f"http://127.0.0.1:{port}")
    clock, behind = Clock(), Behind()
    site = SiteGuard([f"http://{name}:{port}" for name in LOOPBACK_NAMES], service_urls=[settings.dagster_url])
    access = UiAccess(settings, cookie=SessionCookie(is_secure=False), now=clock)
    recorder = UiRecorder(settings, access)
    app = UiGuard(behind, access=access, site=site, recorder=recorder, addresses=ClientAddresses(()))
    registry = open_registry(settings)
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="off", access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    made = Ui(app=app, behind=behind, registry=registry, recorder=recorder, settings=settings, clock=clock, port=port)
    yield made
    for client in made.clients:
        client.close()
    server.should_exit = True
    thread.join()
    access.registry.close()
    recorder.close()
    registry.close()
