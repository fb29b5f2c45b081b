"""``policycortex keys``: making, listing, rotating and ending keys. A secret goes to stdout alone, for scripts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from policycortex.settings import Settings
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from policycortex.storage.registry import Registry
    from policycortex.storage.registry.rows import KeyRow

_SCOPES: Final = "reports:read,reports:write,schedules:write"
"""Enough for every call of the API's documentation, and no more."""


@click.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@click.option("--name", required=True, help="Who or what will use it.")
@click.option("--scopes", default=_SCOPES, show_default=True, help="Separated by commas.")
@click.option("--expires-in-days", type=click.IntRange(min=1), default=None, help="Days until it ends; default: never.")
@click.option(
    "--network", "networks", multiple=True, help="Address or CIDR block it may be used from; may be repeated."
)
@org_option
@home_option
def create(  # noqa: PLR0917 - click hands options over by name
    name: str, scopes: str, expires_in_days: int | None, networks: tuple[str, ...], org: str, home: Path | None
) -> None:
    """Make a key and print it, alone, on stdout. It is shown this once."""
    now = datetime.now(UTC)
    with _registry(home) as registry:
        _, secret = registry.keys.create_key(
            organization=org,
            name=name,
            scopes=[scope.strip() for scope in scopes.split(",") if scope.strip()],
            expires_at=now + timedelta(days=expires_in_days) if expires_in_days else None,
            networks=networks,
            now=now,
        )
    print(secret)


@keys.command("list")
@click.option("--org", default=None, help="Only this organisation's; default: all.")
@home_option
def show(org: str | None, home: Path | None) -> None:
    """Show every key, oldest first: id, first characters, organisation, name, scopes, state, last use."""
    now = datetime.now(UTC)
    with _registry(home) as registry:
        for key in registry.keys.list_keys(org):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}Z" if key.last_used_at else "never"
            scopes = ",".join(sorted(key.scopes))
            print(
                f"{key.id}\t{key.prefix}...\t{key.organization}\t{key.name}\t{scopes}\t{_state(key, now)}\tused {used}"
            )


@keys.command("rotate")
@click.argument("key_id", metavar="KEY_ID")
@click.option(
    "--overlap-hours", type=click.IntRange(min=0), default=24, show_default=True, help="The old one lives on."
)
@home_option
def rotate(key_id: str, overlap_hours: int, home: Path | None) -> None:
    """Make a key with the same rights and print it, alone, on stdout; the old one ends after the overlap."""
    with _registry(home) as registry:
        _, secret = registry.keys.rotate_key(key_id, overlap=timedelta(hours=overlap_hours))
    print(secret)


@keys.command("revoke")
@click.argument("key_id", metavar="KEY_ID")
@home_option
def revoke(key_id: str, home: Path | None) -> None:
    """End a key at once. Again is no error."""
    with _registry(home) as registry:
        key = registry.keys.revoke_key(key_id)
    print(f"{key.id} ({key.name}) ended at {key.revoked_at:%Y-%m-%d %H:%M}Z")


@contextmanager
def _registry(home: Path | None) -> Iterator["Registry"]:
    # Imported late: "--help" and bad use must not pay for the database.
    from policycortex.storage.registry import open_registry

    with closing(open_registry(Settings.from_environment(home=home))) as registry:
        yield registry


def _state(key: "KeyRow", now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return f"valid until {key.expires_at:%Y-%m-%d %H:%M}Z" if key.expires_at else "valid"
