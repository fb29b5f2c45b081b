"""The API that a command works on: a served one by URL and key, or that of the home, called in this process."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.settings import KEY_VARIABLE, URL_VARIABLE, Settings, environment_value
from policycortex_cli.options import Command, home_option, org_option

if TYPE_CHECKING:
    from policycortex_client import Client


def api_options(command: Command) -> Command:
    """``--url``, ``--home`` and ``--org``; the command gets ``url``, ``home`` and ``org``. The key is no option: others
    on the machine could read it in the list of processes."""

    @functools.wraps(command)
    def checked(*arguments: Any, **given: Any) -> Any:  # noqa: ANN401 - click's own
        if given["url"] and given["home"] is not None:
            raise click.UsageError("give --url or --home, not both")
        return command(*arguments, **given)

    text = f"Address of a served API, with the key in {KEY_VARIABLE}; default: {URL_VARIABLE}, else the home."
    return click.option("--url", envvar=URL_VARIABLE, default=None, help=text)(home_option(org_option(checked)))


@contextmanager
def open_client(url: str | None, home: Path | None, org: str) -> "Iterator[Client]":
    """A client of that API. Raises ConfigurationError without a home, UsageError without a key."""
    from policycortex_client import Client

    if url is not None and home is None:
        key = environment_value(KEY_VARIABLE)
        if not key:
            raise click.UsageError(f"set {KEY_VARIABLE} to a key of {url}")
        with Client(url, key) as client:
            yield client
        return
    from policycortex_cli.home_api import ADDRESS, InProcessTransport, home_api

    settings = Settings.from_environment(home=home)
    with (
        home_api(settings, org) as app,
        Client(settings.public_url or ADDRESS, "", attempts=1, transport=InProcessTransport(app)) as client,
    ):
        yield client
