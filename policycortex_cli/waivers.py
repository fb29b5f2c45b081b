"""``policycortex waivers``: request, approve, revoke and list. Each change is recorded with its actor."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.errors import Problem, RequestError
from policycortex.settings import Settings
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from policycortex.scoring.waivers import Waiver
    from policycortex.storage.registry import Registry

Command = Callable[..., Any]

_FIELDS = ("framework", "requirement", "check", "account", "resource")


def _by_option(command: Command) -> Command:
    text = "Id of the acting key (key_...); default: the user of this terminal."
    return click.option("--by", default=None, metavar="KEY_ID", help=text)(command)


@click.group()
def waivers() -> None:
    """Failing findings that are accepted for a limited time."""


@waivers.command("add")
@click.option("--framework", help="Only in this framework.")
@click.option("--requirement", help="Only for this requirement, in any of its spellings.")
@click.option("--check", help="The scanner's id of the check.")
@click.option("--account", help="Account, subscription, project or cluster.")
@click.option("--resource", metavar="GLOB", help="Resources whose uid matches: *, ? and [...].")
@click.option("--reason", required=True, help="Why the findings are accepted.")
@click.option("--from", "start", metavar="TIME", help="2026-01-31 or 2026-01-31T12:00:00Z; default: now.")
@click.option("--until", required=True, metavar="TIME", help="In the same form; a day counts to its end.")
@_by_option
@org_option
@home_option
def add(
    *, reason: str, start: str | None, until: str, by: str | None, org: str, home: Path | None, **scope: str | None
) -> None:
    """Request a waiver and print its id. It is in force once another person approves it."""
    from policycortex.requests.waiver_body import parse_waiver
    from policycortex.storage.known_frameworks import frameworks_of

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    body: dict[str, Any] = {"scope": {name: scope[name] for name in _FIELDS if scope[name] is not None}}
    body |= {"reason": reason, "until": _moment(until, is_end=True)}
    body |= {"from": _moment(start, is_end=False)} if start else {}
    with _registry(settings) as registry:
        requested = parse_waiver(body, now=now, frameworks=frameworks_of(settings, registry, org))
        actor = _actor(registry, by, org)
        waiver = registry.waivers.request_waiver(
            org, requested.scope, reason=requested.reason, valid=requested.valid, by=actor, now=now
        )
        record_event(registry, org, "waiver_created", waiver.id, {"by": actor})
    print(waiver.id)


@waivers.command("approve")
@click.argument("waiver_id")
@_by_option
@org_option
@home_option
def approve(waiver_id: str, by: str | None, org: str, home: Path | None) -> None:
    """Approve a waiver that another person requested."""
    with _registry(Settings.from_environment(home=home)) as registry:
        waiver = registry.waivers.approve_record(org, waiver_id, by=_actor(registry, by, org), now=datetime.now(UTC))
        record_event(registry, org, "waiver_approved", waiver.id, {"by": waiver.approved_by})
    print(f"{waiver.id} approved by {waiver.approved_by}")


@waivers.command("revoke")
@click.argument("waiver_id")
@_by_option
@org_option
@home_option
def revoke(waiver_id: str, by: str | None, org: str, home: Path | None) -> None:
    """Revoke a waiver from now on; it still applies to periods that ended before."""
    with _registry(Settings.from_environment(home=home)) as registry:
        waiver = registry.waivers.revoke_record(org, waiver_id, by=_actor(registry, by, org), now=datetime.now(UTC))
        record_event(registry, org, "waiver_revoked", waiver.id, {"by": waiver.revoked_by})
    print(f"{waiver.id} revoked by {waiver.revoked_by}")


@waivers.command("list")
@org_option
@home_option
def list_(org: str, home: Path | None) -> None:
    """List all waivers, one per line, in the order of their requests."""
    with _registry(Settings.from_environment(home=home)) as registry:
        found, now = registry.waivers.list_records(org), datetime.now(UTC)
    for waiver in found:
        print(_line(waiver, now))


def _line(waiver: "Waiver", now: datetime) -> str:
    scope = " ".join(f"{name}={getattr(waiver.scope, name)}" for name in _FIELDS if getattr(waiver.scope, name))
    span = f"{waiver.valid_from:%Y-%m-%dT%H:%MZ} to {waiver.valid_until:%Y-%m-%dT%H:%MZ}"
    acts = f"by {waiver.requested_by}" + (f", approved by {waiver.approved_by}" if waiver.approved_by else "")
    return f"{waiver.id}  {waiver.status_at(now).value:<9}  {span}  {scope}  {acts}  {' '.join(waiver.reason.split())}"


@contextmanager
def _registry(settings: Settings) -> "Iterator[Registry]":
    from policycortex.storage.registry import open_registry

    with closing(open_registry(settings)) as registry:
        yield registry


def _actor(registry: "Registry", by: str | None, organization: str) -> str:
    """The actor: a valid key of the organisation, or the user of the terminal, who differs from every key."""
    if by is None:
        return f"user:{getpass.getuser()}"
    key = registry.keys.get_key(by)
    if key.organization != organization or not key.is_valid_at(datetime.now(UTC)):
        message = f"{by} is not a valid key of organisation {organization}; 'policycortex keys create' makes one"
        raise RequestError(message, details=(Problem(field="--by", message=message),))
    return key.id


def _moment(text: str, *, is_end: bool) -> str:
    """A day as its start or its end; any other text unchanged, because the request checks it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day + timedelta(days=1) if is_end else day}T00:00:00Z"
