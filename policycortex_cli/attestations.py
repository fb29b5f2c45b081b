"""``policycortex attestations``: request, approve, revoke and list what people state of requirements."""

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
    from policycortex.scoring.attestations import Attestation


@click.group()
def attestations() -> None:
    """What people state of requirements: that they are met, not met, or do not apply."""


@attestations.command("add")
@click.argument("statement", type=click.Choice(["met", "not_met", "not_applicable"]))
@click.option("--framework", required=True, help="Id of the framework.")
@click.option("--requirement", "requirements", multiple=True, help="A requirement with its parts; repeat for several.")
@click.option("--section", help="All requirements of this section, by its title.")
@click.option("--profile", help="A profile of the framework; 'policycortex frameworks profiles' lists them.")
@click.option("--account", "accounts", multiple=True, help="Only in this account; repeat for several.")
@click.option("--environment", "environments", multiple=True, help="Only in this environment; repeat for several.")
@validity_options
@by_option
@org_option
@home_option
def add(
    *,
    statement: str,
    framework: str,
    requirements: tuple[str, ...],
    section: str | None,
    profile: str | None,
    accounts: tuple[str, ...],
    environments: tuple[str, ...],
    reason: str,
    start: str | None,
    until: str,
    role: str | None,
    by: str | None,
    org: str,
    home: Path | None,
) -> None:
    """Request an attestation and print its id. It is in force once another person approves it."""
    from policycortex.requests.attestation_body import parse_attestation
    from policycortex.storage.known_frameworks import frameworks_of

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    named: dict[str, Any] = {"section": section, "profile": profile}
    scope = {
        "framework": framework,
        "requirements": list(requirements),
        "accounts": list(accounts),
        "environments": list(environments),
        **{name: value for name, value in named.items() if value is not None},
    }
    body = {"statement": statement, "scope": scope, **validity_body(reason, start, until, role)}
    with opened_registry(settings) as registry:
        wanted = parse_attestation(body, now=now, frameworks=frameworks_of(settings, registry, org))
        actor = actor_of(registry, by, org)
        made = registry.attestations.request_attestation(
            org,
            wanted.statement,
            wanted.scope,
            reason=wanted.reason,
            valid=wanted.valid,
            by=actor,
            now=now,
            role=wanted.role,
        )
        record_event(registry, org, "attestation_created", made.id, {"by": actor})
    print(made.id)


def _describe(attestation: "Attestation") -> str:
    scope = attestation.scope
    named = scope.profile or ",".join(scope.requirements)
    where = f" accounts={','.join(scope.accounts)}" if scope.accounts else ""
    where += f" environments={','.join(scope.environments)}" if scope.environments else ""
    return f"{attestation.statement.value} {scope.framework} {named}{where}"


ApprovalCommands(noun="attestation", records=lambda registry: registry.attestations, describe=_describe).add_to(
    attestations
)
