"""``policycortex report``: makes the report of a request file, as a run of Dagster, and copies its files."""

import json
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policycortex.documents.stored_summary import read_figures
from policycortex.errors import IntegrityError, PolicyCortexError, Problem, RequestError
from policycortex.names import REPORT_JOB, REPORT_OPERATION, REPORT_PARTITIONS
from policycortex.requests import ReportRequest
from policycortex.requests.model import request_from_json
from policycortex.requests.report_partitions import partition_key_of
from policycortex.security.manifest import CERTIFICATE_NAME, FILE_NAME, SIGNATURE_NAME
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import ArtifactRow, FileRow, Registry, ReportRow, open_registry
from policycortex.workflow.report_order import parse_order
from policycortex.workflow.reports import fail_report
from policycortex.workflow.request_report import known_values, new_report_id, request_report, run_tags
from policycortex_cli.audit_records import record_event
from policycortex_cli.file_names import free_stem
from policycortex_cli.home import make_folder
from policycortex_cli.runs import HomeRuns, home_runs


def changed_body(
    request: Path | None,
    *,
    like: str | None = None,
    formats: Collection[str] = (),
    locale: str | None = None,
    known_on: str | None = None,
    crosswalk: str | None = None,
) -> dict[str, Any]:
    """The body in the file, or an empty one, with the values of the options in place of its own."""
    body = dict(_read(request)) if request is not None else {}
    fields = {"from_report": like, "known_on": known_on, "crosswalk": crosswalk}
    options = {"formats": list(formats), "locale": locale}
    body |= {name: value for name, value in fields.items() if value}
    given = {name: value for name, value in options.items() if value}
    return body | ({"format_options": {**(body.get("format_options") or {}), **given}} if given else {})


def make_report(settings: Settings, body: Mapping[str, Any], *, out: Path, organization: str) -> None:
    """Make the report and print its score and files. Raises RequestError that names every problem of the request."""
    make_folder(out)
    with closing(open_registry(settings)) as registry:
        with home_runs(settings) as runs:
            row = produce(runs, registry, settings, body, organization=organization)
        print_report(row, copy_files(settings, registry, row, out))  # with the modes that the user's umask gives


def produce(
    runs: HomeRuns, registry: Registry, settings: Settings, body: Mapping[str, Any], *, organization: str
) -> ReportRow:
    """Write the report's row, execute the job that makes it, return the completed row."""
    known = known_values(settings, registry, organization)
    now = datetime.now(UTC)
    ordered = parse_order(settings, registry, body, organization=organization, now=now, known=known)
    order = ordered.request
    if body.get("delivery"):
        print("the delivery of the request is not used: the command line delivers nothing", file=sys.stderr)
    row = request_report(
        settings, registry, order, report_id=new_report_id(), start=None, sharing=ordered.sharing, now=now
    )
    record_event(registry, organization, "report_created", row.id, {})
    try:
        _run(runs, row, order)
    except BaseException as error:
        fail_report(settings, row.id, error if isinstance(error, PolicyCortexError) else "stopped at the command line")
        raise
    return registry.reports.get_report(organization, row.id)


def copy_files(settings: Settings, registry: Registry, row: ReportRow, out: Path) -> tuple[Path, ...]:
    """Copy the report's files to a folder, named after the report. Each is verified by its digest first.

    Files that are there are never replaced: then the names end with a number.

    A signed report also has its signatures, its manifest and its certificate there, so that the folder can be verified.
    """
    store, copied = open_artifacts(settings), []
    endings = {a.extension for a in row.artifacts} | set(_proof_names(row, "").values())
    stem = free_stem(out, row.name, {ending.lstrip(".") for ending in endings})
    files: dict[str, ArtifactRow | FileRow] = {f"{stem}.{a.extension}": a for a in row.artifacts}
    proofs = _proof_names(row, stem)
    if request_from_json(row.order).is_signed:
        files |= {proofs[file.name]: file for file in registry.reports.list_files(row.id) if file.name in proofs}
    for name, file in files.items():
        target, part = out / name, out / f".{name}.part"
        with store.open_artifact(file.key, sha256=file.sha256) as stored, part.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
        copied.append(part.replace(target))
    return tuple(copied)


def _proof_names(row: ReportRow, stem: str) -> dict[str, str]:
    """By name in the registry: where ``verify`` finds manifest, certificate and signatures beside the files."""
    names = {name: f"{stem}.{name}" for name in (FILE_NAME, SIGNATURE_NAME, CERTIFICATE_NAME)}
    return names | {f"{a.format.value}.p7s": f"{stem}.{a.extension}.p7s" for a in row.artifacts}


def print_report(row: ReportRow, files: Sequence[Path]) -> None:
    """The score on one line, then a line per file."""
    summary = row.summary or {}
    figures = read_figures(summary)
    shown = "nothing was assessed" if figures.score_pct is None else f"{figures.score_pct} %"
    if figures.requirements_met is not None and figures.requirements_assessed:
        shown += f", {figures.requirements_met} of {figures.requirements_assessed} assessed requirements are met"
    print(f"{row.name}: {shown}, {summary.get('total_violations', 0)} violations")
    for path in files:
        print(f"  {path}")


def _run(runs: HomeRuns, row: ReportRow, order: ReportRequest) -> None:
    key = partition_key_of(order)
    tags = run_tags(report_id=row.id, organization=row.organization, framework=row.framework)
    print(f"making {row.name!r}, {row.id}", file=sys.stderr)
    runs.instance.add_dynamic_partitions(REPORT_PARTITIONS, [key])
    config = {REPORT_OPERATION: {"config": {"report_id": row.id}}}
    if not runs.execute(REPORT_JOB, config=config, tags=tags, partition=key).success:
        raise IntegrityError(f"the run of report {row.id} ended without success")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        body = json.loads(path.read_bytes())
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise RequestError(f"{path} must hold one JSON object", details=(Problem(field="", message="not an object"),))
    return body
