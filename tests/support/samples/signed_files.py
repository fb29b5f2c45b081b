"""A proven report without a lake: real files, signatures, manifest, bundle and trail, made in a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import pikepdf
import xlsxwriter

from policycortex.audit.chain import AuditEvent, write_moment
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.security import bundle
from policycortex.security.identities import load_identity
from policycortex.security.manifest import AuditLogHead, InputFile, Provenance
from policycortex.security.signing import sign_file
from policycortex.settings import Settings
from policycortex.storage.registry import FileRow, Registry, open_registry
from policycortex.workflow.audit_export import export_lines
from policycortex.workflow.protect_files import ReportFile
from policycortex.workflow.sign_files import bundle_name, digest_file, sign_files

ORGANIZATION: Final = "acme"
FORMATS: Final = (ReportFormat.PDF, ReportFormat.EXCEL, ReportFormat.CSV, ReportFormat.JSON)
NOW: Final = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Everything on disk, in one folder."""

    settings: Settings
    report_id: str
    folder: Path
    """The unpacked bundle."""
    packed: Path
    """The bundle."""
    trail: Path
    """The exported trail, with its signature beside it."""
    certificate: Path


def make_order(formats: tuple[ReportFormat, ...], *, is_signed: bool = True) -> ReportRequest:
    """An order of these formats."""
    return ReportRequest(
        name="March",
        type=ReportType.COMPLIANCE,
        framework="soc2",
        description="",
        scope=Scope(organization=ORGANIZATION),
        period=Period(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC)),
        scope_as_given={},
        formats=formats,
        is_signed=is_signed,
    )


def make_files(folder: Path, formats: tuple[ReportFormat, ...]) -> tuple[ReportFile, ...]:
    """A small file of each format."""
    made = []
    for kind in formats:
        path = folder / f"report.{kind.extension}"
        match kind:
            case ReportFormat.PDF:
                with pikepdf.new() as pdf:
                    pdf.add_blank_page()
                    pdf.save(path)
            case ReportFormat.EXCEL:
                with xlsxwriter.Workbook(path) as book:
                    book.add_worksheet().write_string(0, 0, "finding")
            case _:
                path.write_text(f"a {kind.value} file of the report\n" * 20)
        made.append(
            ReportFile(
                name=kind.value, format=kind, kind=kind, path=path, extension=kind.extension, media_type=kind.media_type
            )
        )
    return tuple(made)


EVIDENCE: Final = ("evidence-00000000000000aa.pdf", "evidence-00000000000000bb.txt")


def make_evidence(folder: Path) -> Iterator[ReportFile]:
    """Two evidence files as they are beside a report; the second is the first one's content and another line."""
    for number, name in enumerate(EVIDENCE, start=1):
        path = folder / name
        path.write_text("%PDF- minutes of the board\n" * number)
        yield ReportFile(
            name=name, format=None, kind=None, path=path, extension=name.rpartition(".")[2], media_type="text/plain"
        )


PROVENANCE: Final = Provenance(
    snapshot="7",
    inputs=(InputFile(name="march.ocsf.json", sha256="0" * 64, format="ocsf", kept=12),),
    framework={"id": "soc2", "version": "2017"},
    models={"pass_rate": "1"},
    templates_sha256="1" * 64,
    software="policycortex-reports 0",
    rows={"findings": 12},
)


@contextmanager
def opened(settings: Settings) -> Iterator[Registry]:
    """The registry of a home."""
    registry = open_registry(settings)
    try:
        yield registry
    finally:
        registry.close()


def act(number: int, **changes: object) -> AuditEvent:
    """The n-th act of the sample."""
    values = {
        "organization": ORGANIZATION,
        "at": NOW + timedelta(seconds=number),
        "action": "report_read",
        "actor": "key_1",
        "address": "192.0.2.7",
        "request_id": f"req_{number}",
        "subject": "rpt_1",
        "details": {"status": 200, "n": number},
    }
    return AuditEvent(**{**values, **changes})  # type: ignore[arg-type]


def make_proven(
    root: Path,
    formats: tuple[ReportFormat, ...] = (ReportFormat.PDF, ReportFormat.EXCEL, ReportFormat.CSV, ReportFormat.JSON),
) -> Proven:
    """A report with its proof under ``root``: five acts before it in the trail, five after."""
    settings, work, folder = Settings(home=root / "home"), root / "work", root / "bundle"
    for place in (work, folder):
        place.mkdir(parents=True)
    with opened(settings) as registry:
        registry.audit_log.append_events(*(act(n) for n in range(1, 6)))
        row = registry.reports.create_report(
            organization=ORGANIZATION, name="March", type=ReportType.COMPLIANCE, framework="soc2", description="",
            order={}, now=NOW,
        )  # fmt: skip
        registry.reports.mark_running(row.id, "run-1", now=NOW)
        head = registry.audit_log.load_state(ORGANIZATION).head
        files = sign_files(
            settings,
            (*make_files(work, formats), *make_evidence(work)),
            request=make_order(formats),
            report_id=row.id,
            password=None,
            provenance=PROVENANCE,
            trail=AuditLogHead(sequence=head.sequence, digest=head.digest, at=write_moment(NOW)),
            folder=work,
            now=NOW,
        )
        beside = [
            FileRow(name=f.name, key="", size_bytes=1, sha256=digest_file(f.path), media_type=f.media_type)
            for f in files
            if f.format is None
        ]
        registry.reports.complete_report(
            row.id, artifacts=(), files=beside, summary={}, content={}, snapshot="7", now=NOW
        )
        registry.audit_log.append_events(*(act(n) for n in range(6, 11)))
        trail = root / "trail.jsonl"
        with trail.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(export_lines(registry, ORGANIZATION, now=NOW))
    identity = load_identity(settings, ORGANIZATION, now=NOW)
    trail.with_name("trail.jsonl.p7s").write_bytes(sign_file(trail, identity))
    certificate = root / "acme.pem"
    certificate.write_bytes(identity.pem)
    entries = {bundle.README_NAME: bundle.README.encode()}
    for made in files:
        name = bundle_name(made) if made.format is not None else made.name
        if made.format is None and made.name.endswith(".p7s") and not made.name.startswith("manifest"):
            name = f"report.{ReportFormat(made.name.removesuffix('.p7s')).extension}.p7s"
        entries[name] = made.path.read_bytes()
    for name, content in entries.items():
        (folder / name).write_bytes(content)
    packed = root / "march.bundle.zip"
    pack(folder, packed, tuple(entries))
    return Proven(
        settings=settings, report_id=row.id, folder=folder, packed=packed, trail=trail, certificate=certificate
    )


def pack(folder: Path, target: Path, names: tuple[str, ...]) -> None:
    """Pack these files as the API does."""
    with target.open("wb") as file:
        bundle.pack_bundle(file, [(name, partial(BytesIO, (folder / name).read_bytes())) for name in names])
