"""The API over a home, called in this process: commands that work on a served API work on a home in the same way."""

import asyncio
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import httpx
from fastapi import FastAPI

from api.app import create_app
from policycortex.errors import ConfigurationError
from policycortex.security.in_process import AsgiApp, CalledAs
from policycortex.settings import Settings
from policycortex_cli.home import private_home

ADDRESS: Final = "http://home.invalid"
"""Base of the addresses in answers, where POLICYCORTEX_PUBLIC_URL is not set. Nothing is sent to it."""
_SCOPES: Final = ("admin",)


@contextmanager
def home_api(settings: Settings, organization: str) -> Iterator[AsgiApp]:
    """The API as the user of this machine, who may do everything, for the audit log ``user:NAME``.

    Raises ConfigurationError where there is no home.
    """
    if not settings.home.is_dir():
        raise ConfigurationError(f"there is no home at {settings.home}; name another one, or the URL of an API")
    with private_home(settings):
        app = create_app(settings)
        try:
            yield CalledAs(app, _user_of_machine(app, organization))
        finally:
            app.state.services.close()


class InProcessTransport(httpx.BaseTransport):
    """Sends requests to an ASGI application in this process. A response is held in memory until it is whole."""

    def __init__(self, app: AsgiApp) -> None:
        self._inner = httpx.ASGITransport(app=app, client=("127.0.0.1", 0))
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        request.read()
        return self._runner.run(self._answer(request))

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = b"".join([part async for part in response.aiter_raw()])
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))


def _user_of_machine(app: FastAPI, organization: str) -> object:
    name = getpass.getuser()
    return app.state.services.registry.keys.ensure_person(
        organization=organization, subject=f"user:{name}", name=name, scopes=_SCOPES, now=datetime.now(UTC)
    )
