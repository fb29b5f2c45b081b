"""``policycortex ui``: links that sign in to the Dagster UI, and its sessions."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex.settings import Settings
from policycortex_cli.options import home_option

if TYPE_CHECKING:
    from policycortex.storage.registry import Registry

_ROLES = ("operator", "viewer")


@click.group()
def ui() -> None:
    """Sign-in to the Dagster UI."""


@ui.command("link")
@click.option("--name", default="command line", show_default=True, help="Who uses it; the audit log shows the name.")
@click.option("--role", type=click.Choice(_ROLES), default="operator", show_default=True, help="viewer: only look.")
@click.option(
    "--url", default=None, help="Address of the UI; default: POLICYCORTEX_UI_URL, else http://127.0.0.1:3000."
)
@home_option
def link(name: str, role: str, url: str | None, home: Path | None) -> None:
    """Print a link that signs in once, within 24 hours."""
    settings = Settings.from_environment(home=home)
    with _registry(settings) as registry:
        print(make_link(registry, name=name, role=role, url=url or settings.ui_url or "http://127.0.0.1:3000"))


@ui.command("sessions")
@home_option
def sessions(home: Path | None) -> None:
    """List the open sessions, oldest first: id, role, name, key, start, last use, end."""
    from policycortex.storage.registry.web_sessions import session_limits

    settings = Settings.from_environment(home=home)
    with _registry(settings) as registry:
        for session in registry.web_sessions.list_sessions(limits=session_limits(settings), now=datetime.now(UTC)):
            times = (session.created_at, session.used_at, session.expires_at)
            shown = "\t".join(f"{moment:%Y-%m-%d %H:%M}Z" for moment in times)
            print(f"{session.id}\t{session.role}\t{session.name}\t{session.key_id or 'link'}\t{shown}")


@ui.command("sign-out")
@click.argument("session_id", metavar="SESSION_ID")
@home_option
def sign_out(session_id: str, home: Path | None) -> None:
    """End a session at once."""
    from policycortex.audit.chain import COMMAND_LINE

    with _registry(Settings.from_environment(home=home)) as registry:
        registry.web_sessions.end_session(session_id, actor=COMMAND_LINE, now=datetime.now(UTC))
    print(f"ended {session_id}")


def make_link(registry: "Registry", *, name: str, role: str, url: str) -> str:
    """A new link to the UI at ``url``."""
    from policycortex.security.web_access import WebRole

    token = registry.web_sessions.create_link(role=WebRole(role), name=name, now=datetime.now(UTC))
    return f"{url.rstrip('/')}/sign-in?token={token}"


@contextmanager
def _registry(settings: Settings) -> "Iterator[Registry]":
    from policycortex.storage.registry import open_registry

    with closing(open_registry(settings)) as registry:
        yield registry
