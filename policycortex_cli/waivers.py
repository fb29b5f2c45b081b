"""``policycortex waivers``: request, approve, revoke and list."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.settings import Settings
from policycortex_cli.approvals import (
    ApprovalCommands,
    actor_of,
    by_option,
    opened_registry,
    validity_body,
    validity_options,
)
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option

if TYPE_CHECKING:
    from policycortex.scoring.waivers import Waiver

_FIELDS = ("framework", "requirement", "check", "account", "resource")


@click.group()
def waivers() -> None:
    """Failing findings that are accepted for a limited time."""


@waivers.command("add")
@click.option("--framework", help="Only in this framework.")
@click.option("--requirement", help="Only for this requirement, in any of its spellings.")
@click.option("--check", help="The scanner's id of the check.")
@click.option("--account", help="Account, subscription, project or cluster.")
@click.option("--resource", metavar="GLOB", help="Resources whose uid matches: *, ? and [...].")
@click.option(
    "--kind",
    type=click.Choice(["operational_requirement", "risk_adjustment", "false_positive", "vendor_dependency"]),
    default="operational_requirement",
    show_default=True,
    help="Why it is accepted; the kind of deviation in plans of action.",
)
@click.option("--adjusted-severity", metavar="SEVERITY", help="Of a risk_adjustment: the severity that is stated.")
@validity_options
@by_option
@org_option
@home_option
def add(
    *,
    reason: str,
    start: str | None,
    until: str,
    role: str | None,
    by: str | None,
    kind: str,
    adjusted_severity: str | None,
    org: str,
    home: Path | None,
    **scope: str | None,
) -> None:
    """Request a waiver and print its id. It is in force once another person approves it."""
    from policycortex.requests.waiver_body import parse_waiver
    from policycortex.storage.known_frameworks import frameworks_of

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    own: dict[str, Any] = {"kind": kind}
    own |= {"adjusted_severity": adjusted_severity} if adjusted_severity is not None else {}
    body: dict[str, Any] = own | {"scope": {name: scope[name] for name in _FIELDS if scope[name] is not None}}
    with opened_registry(settings) as registry:
        known = frameworks_of(settings, registry, org)
        requested = parse_waiver(body | validity_body(reason, start, until, role), now=now, frameworks=known)
        actor = actor_of(registry, by, org)
        waiver = registry.waivers.request_waiver(
            org,
            requested.scope,
            reason=requested.reason,
            valid=requested.valid,
            by=actor,
            now=now,
            role=requested.role,
            kind=requested.kind,
            adjusted_severity=requested.adjusted_severity,
        )
        record_event(registry, org, "waiver_created", waiver.id, {"by": actor})
    print(waiver.id)


def _describe(waiver: "Waiver") -> str:
    return " ".join(f"{name}={getattr(waiver.scope, name)}" for name in _FIELDS if getattr(waiver.scope, name))


ApprovalCommands(noun="waiver", records=lambda registry: registry.waivers, describe=_describe).add_to(waivers)
