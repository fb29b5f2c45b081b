"""Builds the content of a delivery: facts of the report's row, files with verified digests, download links."""

import codecs
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from policycortex.channels.connections import Connections
from policycortex.channels.model import DeliveredFile, DeliveryContent
from policycortex.channels.patterns import fill_file_name, safe_name
from policycortex.documents.locales import open_locale
from policycortex.documents.stored_summary import read_figures
from policycortex.errors import ConflictError
from policycortex.frameworks.combined import split_id
from policycortex.names import ReportFormat, ReportStatus, Severity
from policycortex.requests.model import request_from_json
from policycortex.scheduling.cron import parse_cron
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import ArtifactRow, FileRow, Registry, ReportRow
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.workflow.protect_files import copy_name


@contextmanager
def build_content(
    settings: Settings, registry: Registry, connections: Connections, row: DeliveryRow, *, now: datetime
) -> Iterator[DeliveryContent]:
    """The content of one delivery; its files exist until the context ends.

    Raises IntegrityError if a stored file was changed, NotFoundError and ConflictError if it or the report is gone.
    """
    report = registry.reports.find_report(row.report_id)
    if report.status is not ReportStatus.COMPLETED:
        raise ConflictError(f"report {report.id} is {report.status.value}; there is nothing to deliver")
    with private_folder(settings) as folder:
        copies_by_name = {file.name: file for file in registry.reports.list_files(report.id)}
        copies = {a.format: copies_by_name.get(copy_name(row.id, a.format)) for a in report.artifacts}
        files = tuple(_fetch(settings, report, a, copies[a.format], folder) for a in report.artifacts)
        readable = tuple(_marked(file) for file in files) if _is_opened(connections, row, report) else files
        if _needs_links(settings, connections, row, readable):
            files = tuple(_linked(settings, registry, report, file, copies[file.format], now) for file in files)
        else:
            files = readable
        connection = connections.connections.get(row.connection)
        owner = report.organization if connection is not None and connection.is_shared else ""
        content = replace(_content(settings, registry, report, row, files), folder=owner)
        yield _with_file_names(content, str(row.destination.get("file_name", "")))


def _with_file_names(content: DeliveryContent, pattern: str) -> DeliveryContent:
    """The content, its files named by the pattern of the request if there is one."""
    if not pattern:
        return content
    stem = fill_file_name(pattern, content)
    return replace(content, files=tuple(replace(file, name=f"{stem}.{file.extension}") for file in content.files))


def _content(
    settings: Settings, registry: Registry, report: ReportRow, row: DeliveryRow, files: tuple[DeliveredFile, ...]
) -> DeliveryContent:
    request, summary = request_from_json(report.order), report.summary or {}
    made_at, figures = report.completed_at or report.created_at, read_figures(summary)
    due_at, may_repeat_daily = _due(registry, row, made_at, request.period.zone)
    return DeliveryContent(
        delivery_id=row.id,
        report_id=report.id,
        schedule_id=row.schedule_id,
        organization=report.organization,
        name=report.name,
        type=report.type.value,
        framework=report.framework,
        framework_name=_framework_name(settings, registry, report),
        period=request.period,
        dated=due_at.date(),
        due_at=due_at,
        may_repeat_daily=may_repeat_daily,
        generated_at=made_at,
        score_pct=figures.score_pct,
        total_violations=int(summary.get("total_violations", 0)),
        locale=open_locale(request.locale, settings.templates_dir, request.period.zone),
        requirements_met=figures.requirements_met,
        requirements_assessed=figures.requirements_assessed,
        risk_score=figures.risk_score,
        risk_band=figures.risk_band,
        failed_by_severity={severity.value: int(summary.get(severity.value, 0)) for severity in Severity},
        report_url=_url(settings, f"/v1/reports/{report.id}"),
        files=files,
    )


def _due(registry: Registry, row: DeliveryRow, made_at: datetime, zone: tzinfo) -> tuple[datetime, bool]:
    """The nominal tick in the schedule's time zone, and whether the schedule may have another one on that day.

    A report made late keeps the day it was due. Without a tick, the completion in the report's ``zone``.
    """
    tick = registry.schedules.find_tick(row.report_id)
    if tick is None:
        return made_at.astimezone(zone), False
    cron, timezone = registry.schedules.find_timing(tick.schedule_id)
    return tick.tick.astimezone(ZoneInfo(timezone)), tick.is_manual or len(parse_cron(cron).minutes_of_day) > 1


def _fetch(
    settings: Settings, report: ReportRow, artifact: ArtifactRow, copy: FileRow | None, folder: Path
) -> DeliveredFile:
    """The copy with the recipient's watermark if there is one, else the report's own file."""
    chosen = copy or artifact
    path = folder / f"{artifact.format.value}.{artifact.extension}"
    with (
        open_artifacts(settings).open_artifact(chosen.key, sha256=chosen.sha256) as source,
        path.open("wb") as target,
    ):
        shutil.copyfileobj(source, target, 1 << 20)
    return DeliveredFile(
        format=artifact.format,
        name=f"{safe_name(report.name)}.{artifact.extension}",
        extension=artifact.extension,
        media_type=artifact.media_type,
        path=path,
        size_bytes=chosen.size_bytes,
        sha256=chosen.sha256,
    )


def _is_opened(connections: Connections, row: DeliveryRow, report: ReportRow) -> bool:
    """Whether people open the attached files, whose bytes no signature covers."""
    return connections.channels.get(row.channel).is_read_by_people and not request_from_json(report.order).is_signed


def _marked(file: DeliveredFile) -> DeliveredFile:
    """The file with a byte order mark if it is a CSV file without one."""
    content = file.path.read_bytes() if file.extension == ReportFormat.CSV.extension else b""
    if not content or content.startswith(codecs.BOM_UTF8):
        return file
    content = codecs.BOM_UTF8 + content
    path = file.path.with_name(f"marked-{file.path.name}")
    path.write_bytes(content)
    return replace(file, path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _needs_links(
    settings: Settings, connections: Connections, row: DeliveryRow, files: tuple[DeliveredFile, ...]
) -> bool:
    """Whether the channel shows links. A link gives access to the file, so none is made that is not shown."""
    channel = connections.channels.get(row.channel)
    if settings.public_url is None or not channel.shows_links:
        return False
    connection = connections.connections.get(row.connection)
    return connection is None or connection.needs_links(sum(file.size_bytes for file in files))


def _linked(  # noqa: PLR0917 - each value becomes a part of the link
    settings: Settings,
    registry: Registry,
    report: ReportRow,
    file: DeliveredFile,
    copy: FileRow | None,
    now: datetime,
) -> DeliveredFile:
    expires_at = now + timedelta(days=settings.delivery_link_days)
    _, token = registry.links.create_link(
        organization=report.organization,
        report_id=report.id,
        format=file.format,
        expires_at=expires_at,
        is_one_time=False,
        created_by=None,
        file_name=copy.name if copy is not None else None,
        now=now,
    )
    return replace(file, url=_url(settings, f"/v1/links/{token}"), url_expires_at=expires_at)


def _url(settings: Settings, path: str) -> str | None:
    return f"{settings.public_url}{path}" if settings.public_url is not None else None


def _framework_name(settings: Settings, registry: Registry, report: ReportRow) -> str:
    if report.framework is None:
        return "All findings"
    known = frameworks_of(settings, registry, report.organization)
    names = (known[id_].name if id_ in known else id_ for id_ in split_id(report.framework))
    return " + ".join(names)
