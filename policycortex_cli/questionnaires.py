"""``policycortex attestations questionnaire``: what is open as a workbook, and its import when it is filled in."""

from datetime import UTC, datetime
from pathlib import Path

import click

from policycortex.settings import Settings
from policycortex_cli.approvals import actor_of, by_option, opened_registry
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option, org_option


@click.group()
def questionnaire() -> None:
    """The open requirements of a framework as an Excel workbook that people fill in."""


@questionnaire.command("export")
@click.argument("framework")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The workbook, .xlsx.")
@click.option("--all", "every", is_flag=True, help="Also requirements that scanners or people decide.")
@org_option
@home_option
def export(framework: str, out: Path, *, every: bool, org: str, home: Path | None) -> None:
    """Write the requirements of FRAMEWORK that are open; prints their number."""
    from policycortex.storage.known_frameworks import require_framework
    from policycortex.workflow.questionnaires import export_questionnaire

    settings = Settings.from_environment(home=home)
    with opened_registry(settings) as registry:
        found = require_framework(settings, registry, org, framework)
        count = export_questionnaire(settings, registry, org, found, out, now=datetime.now(UTC), every=every)
    print(f"{count} requirements of {framework} in {out}")


@questionnaire.command("import")
@click.argument("framework")
@click.argument("workbook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@by_option
@org_option
@home_option
def import_(framework: str, workbook: Path, by: str | None, org: str, home: Path | None) -> None:
    """Request an attestation for each filled row of WORKBOOK, all or none; prints the ids of new requests."""
    import hashlib

    from policycortex.storage.known_frameworks import require_framework
    from policycortex.workflow.questionnaires import import_questionnaire

    settings, now = Settings.from_environment(home=home), datetime.now(UTC)
    with opened_registry(settings) as registry:
        found, actor = require_framework(settings, registry, org, framework), actor_of(registry, by, org)
        done = import_questionnaire(registry, org, found, workbook, by=actor, now=now)
        with workbook.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        counts = {"requested": len(done.requested), "unchanged": len(done.unchanged)}
        details = {"by": actor, "framework": framework, "sha256": digest, **counts}
        record_event(registry, org, "questionnaire_imported", framework, details)
    for each in done.requested:
        print(f"{each.id}  {each.statement.value}  {','.join(each.scope.requirements)}")
    click.echo(f"{len(done.requested)} requested, {len(done.unchanged)} unchanged, {done.empty} rows empty", err=True)
