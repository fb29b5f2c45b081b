"""``policycortex mcp``: tools for an assistant on this machine, over standard input and output."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex.errors import ConfigurationError
from policycortex.settings import KEY_VARIABLE, Settings, environment_value
from policycortex_cli.api_access import api_options

if TYPE_CHECKING:
    import httpx

_PATIENCE_SECONDS = 120.0


@click.command()
@api_options
def mcp(*, url: str | None, home: Path | None, org: str) -> None:
    """Serve tools for an assistant over standard input and output, until the input ends (Model Context Protocol).

    With a URL the tools have the rights of the key; on a home those of the user of this machine.
    """
    if find_spec("mcp") is None:
        raise ConfigurationError("this needs an extra: pip install 'policycortex-reports[mcp]'")
    from policycortex_mcp.backend import ToolBackend
    from policycortex_mcp.server import make_server

    with _client(url, home, org) as client:
        asyncio.run(make_server(lambda _context: ToolBackend(client)).run_stdio_async())


@contextmanager
def _client(url: str | None, home: Path | None, org: str) -> "Iterator[httpx.AsyncClient]":
    import httpx

    if url is not None and home is None:
        key = environment_value(KEY_VARIABLE)
        if not key:
            raise click.UsageError(f"set {KEY_VARIABLE} to a key of {url}")
        headers = {"Authorization": f"Bearer {key}"}
        yield httpx.AsyncClient(base_url=url, headers=headers, timeout=_PATIENCE_SECONDS)
        return
    from policycortex_cli.home_api import ADDRESS, home_api

    settings = Settings.from_environment(home=home)
    with home_api(settings, org) as app:
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 0))
        yield httpx.AsyncClient(transport=transport, base_url=settings.public_url or ADDRESS)
