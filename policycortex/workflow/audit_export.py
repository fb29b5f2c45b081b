"""Exports the audit log, checks it, and removes its oldest records."""

import csv
import hashlib
import io
import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from policycortex.audit.chain import FIELDS, AuditRecord, check_chain
from policycortex.audit.export import foot_line, head_line, record_line
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.channels.connections import load_connections
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination
from policycortex.channels.sending import send
from policycortex.documents.catalogues import FALLBACK
from policycortex.documents.locales import open_locale
from policycortex.errors import ConfigurationError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.period import Period
from policycortex.security.identities import load_identity
from policycortex.security.key_store import make_private_folder, open_key_store
from policycortex.security.signing import SIGNATURE_MEDIA_TYPE, sign_file
from policycortex.settings import Settings
from policycortex.spreadsheet_text import guard_formula
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import Registry, open_registry

_log: Final = logging.getLogger("policycortex.trail")
_CONNECTION: Final = "connection:"
_MOST_AT_ONCE: Final = 100_000
"""Records in one exported file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAuditFile:
    """One exported file and its records."""

    organization: str
    name: str
    first: int
    last: int


def recover_write_ahead_log(settings: Settings, registry: Registry) -> int:
    """Write the audit events that dead processes left in the home. Returns how many."""
    folder = settings.home / "trail"
    return WriteAheadLog(folder, registry.audit_log.append_events, _log.warning).recover() if folder.is_dir() else 0


def export_audit_logs(settings: Settings, *, now: datetime) -> tuple[ExportedAuditFile, ...]:
    """Export new records of every organisation, signed, to the configured target; nothing without a target."""
    if settings.trail_export is None:
        return ()
    exported = []
    with closing(open_registry(settings)) as registry, private_folder(settings) as folder:
        recover_write_ahead_log(settings, registry)
        for organization in registry.audit_log.list_organizations():
            state = registry.audit_log.load_state(organization)
            after = max(state.exported_sequence, state.floor.sequence)
            while after < state.head.sequence:
                last = min(state.head.sequence, after + _MOST_AT_ONCE)
                name = f"trail-{slug(organization)}-{after + 1:010d}-{last:010d}.jsonl"
                path = folder / name
                with path.open("w", encoding="utf-8", newline="\n") as file:
                    file.writelines(export_lines(registry, organization, now=now, after=after, up_to=last))
                signature = path.with_name(f"{name}.p7s")
                signature.write_bytes(sign_file(path, load_identity(settings, organization, now=now)))
                _deliver(settings, organization, (path, signature), now)
                registry.audit_log.note_export(organization, last)
                exported.append(ExportedAuditFile(organization=organization, name=name, first=after + 1, last=last))
                after = last
    return tuple(exported)


def export_lines(
    registry: Registry, organization: str, *, now: datetime, after: int = 0, up_to: int | None = None
) -> Iterator[str]:
    """The audit log as JSON lines: the first line, each record, and the last line with the head."""
    state = registry.audit_log.load_state(organization)
    start, at = max(after, state.floor.sequence), None
    yield head_line(organization, first=start + 1, floor=state.floor, exported_at=now)
    count = 0
    for record in registry.audit_log.read_records(organization, after=start, up_to=up_to):
        yield record_line(record)
        at, count = record, count + 1
    end = (at.sequence, at.digest) if at is not None else (state.head.sequence, state.head.digest)
    yield foot_line(organization, sequence=end[0], digest=end[1], count=count)


def csv_lines(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Records as CSV; a cell that starts like a formula gets an apostrophe."""
    yield ",".join(FIELDS) + "\r\n"
    for record in records:
        values = asdict(record) | {"details": json.dumps(dict(record.details), ensure_ascii=False)}
        line = io.StringIO()
        csv.writer(line).writerow([_cell(values[name]) for name in FIELDS])
        yield line.getvalue()


def check_audit_log(settings: Settings, registry: Registry, organization: str) -> tuple[str, ...]:
    """Check an organisation's audit log in the registry. Returns the faults."""
    state = registry.audit_log.load_state(organization)
    key = open_key_store(settings).audit_key(organization)
    last = state.floor
    problems = [] if state.is_floor_true else ["the beginning of the log was changed without the installation's key"]

    def checked() -> Iterator[AuditRecord]:
        nonlocal last
        for record in registry.audit_log.read_records(organization, after=state.floor.sequence):
            yield record
            last = type(last)(sequence=record.sequence, digest=record.digest)

    problems += check_chain(checked(), after=state.floor, key=key)
    if last != state.head:
        problems.append(f"the log ends with record {last.sequence}; its head is {state.head.sequence}: it was cut")
    return tuple(problems)


def retire_audit_records(settings: Settings, *, now: datetime) -> dict[str, int]:
    """Remove records past the retention time. Returns the number by organisation; empty without a retention time."""
    if settings.trail_retention_days is None:
        return {}
    before = now - timedelta(days=settings.trail_retention_days)
    with closing(open_registry(settings)) as registry:
        is_export_needed = settings.trail_export is not None
        return {
            organization: registry.audit_log.retire_records(
                organization, before=before, is_export_needed=is_export_needed, now=now
            )
            for organization in registry.audit_log.list_organizations()
        }


def slug(organization: str) -> str:
    """An organisation's name for file names, with a digest when characters were replaced."""
    plain = re.sub(r"[^a-z0-9-]+", "-", organization.lower()).strip("-")
    return plain if plain == organization else f"{plain}-{hashlib.sha256(organization.encode()).hexdigest()[:8]}"


def _deliver(settings: Settings, organization: str, files: tuple[Path, ...], now: datetime) -> None:
    target = settings.trail_export or ""
    if target.startswith(_CONNECTION):
        for path in files:
            _send(settings, target.removeprefix(_CONNECTION), organization, path, now)
        return
    folder = Path(target)
    try:
        make_private_folder(folder)
        for path in files:
            part = folder / f".{path.name}.part"
            part.touch(mode=0o600)
            part.write_bytes(path.read_bytes())
            part.replace(folder / path.name)
    except OSError as error:
        raise UnavailableError(f"the audit log cannot be exported to {folder}: {error.strerror}") from error


def _send(settings: Settings, connection: str, organization: str, path: Path, now: datetime) -> None:
    connections = load_connections(settings)
    channel = connections.channels.get(connections.get(connection).type)
    if not channel.stores_files:
        usable = ", ".join(each.name for each in connections.channels if each.stores_files)
        raise ConfigurationError(
            f"POLICYCORTEX_TRAIL_EXPORT names {connection!r}, which stores no files; name a connection of type {usable}"
        )
    stem, _, extension = path.name.partition(".")
    content = DeliveryContent(
        delivery_id=stem,
        report_id=stem,
        schedule_id=None,
        organization=organization,
        name=stem,
        type="audit_trail",
        framework=None,
        framework_name="audit log",
        period=Period(start=now - timedelta(days=1), end=now),
        dated=_day(now),
        generated_at=now,
        score_pct=None,
        total_violations=0,
        locale=open_locale(FALLBACK),
        files=(
            DeliveredFile(
                format=ReportFormat.JSON,
                name=path.name,
                path=path,
                size_bytes=path.stat().st_size,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                extension=extension,
                media_type=SIGNATURE_MEDIA_TYPE if extension.endswith("p7s") else "application/jsonl",
            ),
        ),
    )
    destination = Destination(
        channel=channel.name, connection=connection, target=f"audit-trail/{slug(organization)}/{stem}"
    )
    send(connections, destination, content, now=now)


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def _cell(value: object) -> object:
    return guard_formula(value) if isinstance(value, str) else value
