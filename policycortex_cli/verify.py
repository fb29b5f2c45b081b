"""``policycortex verify``, ``trail``, ``certificate``, ``retention``: verification, audit log, retention of reports."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex.settings import Settings
from policycortex_cli.options import chain_option, home_option, org_option

if TYPE_CHECKING:
    from policycortex.storage.registry import Registry

_PLACE = click.Path(path_type=Path, exists=True)
_FORMS = click.Choice(["jsonl", "csv"])


@click.command()
@click.argument("path", metavar="FILE|DIR|BUNDLE", type=_PLACE)
@click.option("--trail", type=_PLACE, help="Exported audit log: a file, or a folder of files.")
@click.option("--cert", type=_PLACE, help="Trusted certificates: the organisation's, or its authority's (PEM, DER).")
@click.option("--ask-password", is_flag=True, help="Ask for the report's password, to check encrypted files.")
@click.option("--home", type=_PLACE, help="Home of the installation, whose key also checks the seals of the audit log.")
def verify(path: Path, trail: Path | None, cert: Path | None, ask_password: bool, home: Path | None) -> None:
    """Check files against their manifest, signatures and audit log, offline.

    Exit code 0: proven. 1: broken, or nothing could be checked. 3: nothing is broken, but the signer is not proven.
    """
    from policycortex.security.key_store import open_key_store
    from policycortex.verify.report_files import verify as check
    from policycortex.verify.verdict import VerdictKind

    password = click.prompt("Password", hide_input=True, err=True) if ask_password else None
    key_store = open_key_store(Settings.from_environment(home=home)) if home is not None else None
    key_of = key_store.audit_key if key_store is not None else None
    verdict = check(path, audit_log=trail, certificates=cert, password=password, key_of=key_of)
    for line in verdict.lines:
        print(line)
    counts = {kind: len(verdict.of(kind)) for kind in VerdictKind}
    if verdict.is_good:
        print(f"\n{path.name}: no check failed; {counts[VerdictKind.UNCHECKED]} points were not checked")
        if verdict.is_proven:
            return
        print("the signer is NOT PROVEN: anybody can make a certificate with this name")
        sys.exit(3)
    if counts[VerdictKind.BROKEN]:
        print(f"\n{path.name}: {counts[VerdictKind.BROKEN]} checks FAILED")
    else:
        print(f"\n{path.name}: nothing could be checked")
    sys.exit(1)


@click.group()
def trail() -> None:
    """The audit log: who did what."""


@trail.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--subject", help="Only events of this subject: the id of a report, key or schedule.")
@chain_option
@home_option
def list_records(limit: int, subject: str | None, org: str, home: Path | None) -> None:
    """Print the newest records, one per line."""
    from policycortex.storage.registry.audit_log import AuditLogFilter

    with _registry(home) as (_, registry):
        records, _ = registry.audit_log.list_records(org, AuditLogFilter(subject=subject), limit=limit)
    for record in records:
        where = f"{record.address or '-'}  {record.request_id or '-'}"
        print(f"{record.sequence}  {record.at}  {record.outcome:<8}  {record.action}  {record.subject or '-'}"
              f"  {record.actor}  {where}")  # fmt: skip


@trail.command("export")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
@click.option("--format", "form", type=_FORMS, default="jsonl", show_default=True)
@chain_option
@home_option
def export(out: Path, form: str, org: str, home: Path | None) -> None:
    """Write the whole audit log to a file; with jsonl also its signature, as a file beside it."""
    from policycortex.security.identities import load_identity
    from policycortex.security.signing import sign_file
    from policycortex.workflow.audit_export import csv_lines, export_lines

    now = datetime.now(UTC)
    with _registry(home) as (settings, registry):
        lines = (
            csv_lines(registry.audit_log.read_records(org)) if form == "csv" else export_lines(registry, org, now=now)
        )
        out.touch(mode=0o600)
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        if form == "jsonl":
            out.with_name(f"{out.name}.p7s").write_bytes(sign_file(out, load_identity(settings, org, now=now)))
    print(out)


@trail.command("check")
@chain_option
@home_option
def check(org: str, home: Path | None) -> None:
    """Check the audit log in the registry, seals included. Exit code 1 when a check fails."""
    from policycortex.workflow.audit_export import check_audit_log

    with _registry(home) as (settings, registry):
        problems = check_audit_log(settings, registry, org)
        head = registry.audit_log.load_state(org).head
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"{head.sequence} records, all valid; the digest of the last one is {head.digest}")


@trail.command("ship")
@home_option
def ship(home: Path | None) -> None:
    """Export new records to POLICYCORTEX_TRAIL_EXPORT now, as the hourly schedule does."""
    from policycortex.workflow.audit_export import export_audit_logs

    for exported in export_audit_logs(Settings.from_environment(home=home), now=datetime.now(UTC)):
        print(f"{exported.organization}  {exported.name}")


@click.command()
@chain_option
@home_option
def certificate(org: str, home: Path | None) -> None:
    """Print the organisation's signing certificate as PEM, for those who check signatures."""
    from policycortex.security.identities import load_identity

    identity = load_identity(Settings.from_environment(home=home), org, now=datetime.now(UTC))
    print(identity.pem.decode(), end="")


@contextmanager
def _registry(home: Path | None) -> Iterator[tuple[Settings, "Registry"]]:
    # Imported here, so that "--help" and wrong usage do not load the database libraries.
    from policycortex.storage.registry import open_registry
    from policycortex.workflow.audit_export import recover_write_ahead_log

    settings = Settings.from_environment(home=home)
    with closing(open_registry(settings)) as registry:
        recover_write_ahead_log(settings, registry)
        yield settings, registry


@click.group()
def retention() -> None:
    """How long reports are kept."""


@retention.command("set")
@click.option("--days", type=click.IntRange(0, 36_500), required=True, help="0: POLICYCORTEX_RETENTION_DAYS applies.")
@org_option
@home_option
def set_retention(days: int, org: str, home: Path | None) -> None:
    """Set how many days the organisation's reports are kept, for reports made from now on."""
    with _registry(home) as (_, registry):
        registry.retention.set_retention(org, days or None)
    print(f"{org}: {f'{days} days' if days else 'default'}")


@retention.command("run")
@home_option
def run_retention(home: Path | None) -> None:
    """Expire what is due now, as the hourly schedule does."""
    from policycortex.workflow.retention import expire_reports

    summary = expire_reports(Settings.from_environment(home=home), now=datetime.now(UTC))
    for report_id in summary.expired:
        print(f"{report_id} expired")
    print(f"files of {summary.cleared} reports removed")
