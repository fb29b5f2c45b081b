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
from policycortex_cli.questionnaires import questionnaire

if TYPE_CHECKING:
    from policycortex.requests.approval_body import ApproveBody
    from policycortex.scoring.attestations import Attestation


@click.group()
def attestations() -> None:
    """What people state of requirements: that they are met, not met, or do not apply."""


attestations.add_command(questionnaire)


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


@attestations.command("attach")
@click.argument("attestation_id")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@by_option
@org_option
@home_option
def attach(attestation_id: str, files: tuple[Path, ...], by: str | None, org: str, home: Path | None) -> None:
    """Attach evidence files before the approval; prints the SHA-256 and the name of each."""
    from policycortex.workflow.evidence_files import GivenFile, attach_file

    settings = Settings.from_environment(home=home)
    with opened_registry(settings) as registry:
        actor = actor_of(registry, by, org)
        for path in files:
            given, now = GivenFile(path=path, name=path.name), datetime.now(UTC)
            made = attach_file(settings, registry, org, attestation_id, given, by=actor, now=now)
            file = next(each for each in made.evidence if each.name == path.name)
            details = {"by": actor, "file": file.name, "sha256": file.sha256}
            record_event(registry, org, "attestation_evidence_attached", attestation_id, details)
            print(f"{file.sha256}  {file.name}")


@attestations.command("evidence")
@click.argument("attestation_id")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@org_option
@home_option
def evidence(attestation_id: str, out: Path, org: str, home: Path | None) -> None:
    """Write the evidence files of an attestation into a folder, named by their digest, and print each path."""
    import shutil

    from policycortex.security.evidence_names import evidence_name
    from policycortex.workflow.evidence_files import open_evidence

    settings = Settings.from_environment(home=home)
    with opened_registry(settings) as registry:
        found = registry.attestations.get_record(org, attestation_id)
    out.mkdir(parents=True, exist_ok=True)
    for file in found.evidence:
        path = out / evidence_name(file)
        with open_evidence(settings, file) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        print(f"{path}  {file.name}")


def _describe(attestation: "Attestation") -> str:
    scope = attestation.scope
    named = scope.profile or ",".join(scope.requirements)
    where = f" accounts={','.join(scope.accounts)}" if scope.accounts else ""
    where += f" environments={','.join(scope.environments)}" if scope.environments else ""
    return f"{attestation.statement.value} {scope.framework} {named}{where}"


def _approve_body() -> "type[ApproveBody]":
    from policycortex.requests.approval_body import AttestationApproveBody

    return AttestationApproveBody


ApprovalCommands(
    noun="attestation",
    records=lambda registry: registry.attestations,
    describe=_describe,
    approved=lambda found: {"evidence": [file.sha256 for file in found.evidence]},
    approve_body=_approve_body,
).add_to(attestations)
