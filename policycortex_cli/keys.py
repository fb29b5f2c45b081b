"""``policycortex keys``: creates, lists, rotates and revokes API keys. stdout has the secret only, for scripts."""

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
"""The scopes that the calls of the API's documentation need."""


@click.group()
def keys() -> None:
    """API keys."""


@keys.command("create")
@click.option("--name", required=True, help="Who or what uses the key.")
@click.option("--scopes", default=_SCOPES, show_default=True, help="Separated by commas.")
@click.option(
    "--expires-in-days", type=click.IntRange(min=1), default=None, help="Days until it expires; default: never."
)
@click.option(
    "--network",
    "networks",
    multiple=True,
    help="Address or CIDR block that may use the key. May be repeated.",
)
@org_option
@home_option
def create(  # noqa: PLR0917 - click hands options over by name
    name: str, scopes: str, expires_in_days: int | None, networks: tuple[str, ...], org: str, home: Path | None
) -> None:
    """Create a key and print only the key on stdout. It cannot be shown again."""
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
@click.option("--org", default=None, help="Only keys of this organisation; default: all.")
@home_option
def show(org: str | None, home: Path | None) -> None:
    """List all keys, oldest first: id, first characters, organisation, name, scopes, state, last use."""
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
    "--overlap-hours",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    help="Hours the old key stays valid.",
)
@home_option
def rotate(key_id: str, overlap_hours: int, home: Path | None) -> None:
    """Create a key with the same rights and print only the key on stdout; the old key expires after the overlap."""
    with _registry(home) as registry:
        _, secret = registry.keys.rotate_key(key_id, overlap=timedelta(hours=overlap_hours))
    print(secret)


@keys.command("revoke")
@click.argument("key_id", metavar="KEY_ID")
@home_option
def revoke(key_id: str, home: Path | None) -> None:
    """Revoke a key at once. Revoking it again is not an error."""
    with _registry(home) as registry:
        key, link_count = registry.keys.revoke_key(key_id)
        made, _ = registry.schedules.list_schedules(key.organization, created_by=key.id, limit=1_000_000)
    print(f"{key.id} ({key.name}) revoked at {key.revoked_at:%Y-%m-%d %H:%M}Z")
    print(f"{link_count} download link{'' if link_count == 1 else 's'} of the key ended")
    if made:
        print(f"{len(made)} schedule{'' if len(made) == 1 else 's'} of the key stay{'s' if len(made) == 1 else ''}:")
    for schedule in made:
        state = "" if schedule.is_enabled else ", disabled"
        print(f"  {schedule.id}  {schedule.name} ({schedule.cron} {schedule.timezone}{state})")


@contextmanager
def _registry(home: Path | None) -> Iterator["Registry"]:
    # Imported here, so that "--help" and wrong usage do not load the database libraries.
    from policycortex.storage.registry import open_registry

    with closing(open_registry(Settings.from_environment(home=home))) as registry:
        yield registry


def _state(key: "KeyRow", now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return f"valid until {key.expires_at:%Y-%m-%d %H:%M}Z" if key.expires_at else "valid"
