"""Produces a report: reads one snapshot, composes, renders, stores, and then marks the row as completed.

A crash between two steps leaves an open row and perhaps stored files under their digests. The retry finds the same row,
makes the same files and completes it, so that an incomplete report is never served.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policycortex.audit.chain import write_moment
from policycortex.documents.branding import Branding
from policycortex.documents.comments import RequirementComment
from policycortex.documents.locales import Locale, open_locale
from policycortex.documents.milestones import StatedMilestone
from policycortex.documents.model import CrosswalkNote, ReportDocument, ReportHeader
from policycortex.errors import ConflictError, NotFoundError, PolicyCortexError
from policycortex.frameworks.model import Framework
from policycortex.names import ReportStage, ReportStatus
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.report_json import describe_summary
from policycortex.reports.compose import compose_report
from policycortex.requests.model import ReportRequest, request_from_json
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.combined_records import attestations_within, waivers_within
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.waivers import Waiver
from policycortex.security.manifest import AuditLogHead, Provenance
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.private_folders import private_folder, temporary_files_in
from policycortex.storage.registry.connect import Registry, open_registry
from policycortex.storage.registry.rows import Failure, FileRow, NewArtifact, ReportRow
from policycortex.tracing.spans import tracing_of
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.assessed_period import describe_crosswalk
from policycortex.workflow.evidence_files import copy_evidence
from policycortex.workflow.known_records import comments_on, framework_and_records, milestones_of
from policycortex.workflow.organization_words import NO_WORDS, OrganizationWords, load_organization_words
from policycortex.workflow.protect_files import ReportFile, protect_files
from policycortex.workflow.report_days import days_of_request
from policycortex.workflow.report_evidence import ReportInputs, read_evidence
from policycortex.workflow.report_lake import open_report_lake
from policycortex.workflow.report_order import MadeWith, check_same_figures, note_made_with
from policycortex.workflow.report_postures import judge_both, judge_trend
from policycortex.workflow.report_progress import ReportProgress
from policycortex.workflow.request_report import unseal_password
from policycortex.workflow.retention import expires_at
from policycortex.workflow.second_reader import second_reader
from policycortex.workflow.sign_files import read_provenance, sign_files

if TYPE_CHECKING:
    from policycortex.rendering.artifacts import RenderedArtifact

_MOST_COPIES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducedReport:
    """A completed report, for the run's metadata."""

    report_id: str
    artifacts: tuple[NewArtifact, ...]
    summary: dict[str, Any]
    pages: int | None
    snapshot: str
    change_points: float | None = None
    """Change of the score against the previous period; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The composed and rendered report, before its files are protected and signed."""

    document: ReportDocument
    rendered: "tuple[RenderedArtifact, ...]"
    provenance: Provenance
    made_with: MadeWith


def produce_report(
    settings: Settings,
    report_id: str,
    *,
    run_id: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> ProducedReport:
    """Make the report of row ``report_id`` and complete the row. On any error the row stays open."""
    registry = open_registry(settings)
    try:
        row = registry.reports.mark_running(report_id, run_id, now=now)
        is_protected = registry.reports.load_sealed_password(report_id) is not None
        formats = request_from_json(row.order).formats
        stages = ReportProgress(registry, report_id, run_id, formats, log=progress, tracing=tracing_of(settings))
        with stages.until_end(), private_folder(settings) as folder, temporary_files_in(folder):
            made = _make(settings, row, folder, now, progress, is_protected=is_protected, stages=stages)
            stages.enter(ReportStage.PROTECTING)
            files = _finish(settings, registry, row, made, folder, now=now)
            stages.enter(ReportStage.STORING)
            artifacts, beside = _store(settings, report_id, files)
        produced = ProducedReport(
            report_id=report_id,
            artifacts=artifacts,
            summary=describe_summary(made.document.summary),
            pages=next((r.pages for r in made.rendered if r.pages), None),
            snapshot=made.document.header.snapshot,
            change_points=made.document.change_points,
        )
        registry.reports.complete_report(
            report_id,
            artifacts=artifacts,
            files=beside,
            summary=produced.summary,
            content=_content(made.rendered),
            snapshot=produced.snapshot,
            made_with=made.made_with.to_json(),
            expires_at=expires_at(settings, registry, request_from_json(row.order), now=now),
        )
        return produced
    finally:
        registry.close()


def fail_report(settings: Settings, report_id: str, error: PolicyCortexError | str) -> ReportStatus | None:
    """Record why the report failed. A report that has ended stays as it is.

    Returns its status: ``cancelled`` for a deleted report, None where there is none with this id.
    """
    failure = Failure(
        code=error.code if isinstance(error, PolicyCortexError) else PolicyCortexError.code,
        message=str(error),
        is_retryable=isinstance(error, PolicyCortexError) and error.is_retryable,
    )
    registry = open_registry(settings)
    try:
        return registry.reports.fail_report(report_id, failure).status
    except (ConflictError, NotFoundError):  # deleted meanwhile
        return registry.reports.find_status(report_id)
    finally:
        registry.close()


def _make(
    settings: Settings,
    row: ReportRow,
    folder: Path,
    now: datetime,
    progress: Callable[[str], None],
    *,
    is_protected: bool,
    stages: ReportProgress,
) -> _Made:
    # Layout engines and fonts take 60 MB and a second to import; commands that only ingest or score must not load them.
    from policycortex.rendering.artifacts import render_artifact  # noqa: PLC0415

    request = request_from_json(row.order)
    basis = request.basis
    framework, waivers, attestations = framework_and_records(settings, request, now)
    with open_report_lake(settings, request, now, progress) as lake:
        stages.enter(ReportStage.COMPOSING)
        document = compose_from_lake(
            lake,
            request,
            framework,
            waivers=waivers,
            attestations=attestations,
            comments=comments_on(settings, request, now),
            milestones=milestones_of(settings, request, now),
            report_id=row.id,
            folder=folder,
            now=now,
            weights=risk_weights(settings),
            locale=open_locale(request.locale, settings.templates_dir, request.period.zone),
            words=load_organization_words(settings, request.scope.organization),
        )
        provenance = read_provenance(lake, request, framework, document)
        carry_days = lake.session.carry_days
    if basis is not None:
        check_same_figures(basis, describe_summary(document.summary))
    progress(f"composed from snapshot {document.header.snapshot}: {document.findings.total} findings")
    options = rendering_options(settings, request)
    rendered = []
    for report_format in request.formats:
        stages.enter(ReportStage.RENDERING, report_format)
        rendered.append(render_artifact(document, report_format, folder, options=options))
        progress(f"rendered {report_format.value}")
    made_with = note_made_with(basis, framework, now=now, carry_days=carry_days, is_protected=is_protected)
    return _Made(document=document, rendered=tuple(rendered), provenance=provenance, made_with=made_with)


def compose_from_lake(
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    *,
    waivers: Sequence[Waiver],
    report_id: str,
    folder: Path,
    now: datetime,
    weights: RiskWeights,
    locale: Locale,
    attestations: Sequence[Attestation] = (),
    comments: Sequence[RequirementComment] | None = None,
    milestones: Sequence[StatedMilestone] = (),
    words: OrganizationWords = NO_WORDS,
) -> ReportDocument:
    """Read everything the document shows from the lake at one snapshot; findings are exported into ``folder``.

    ``framework`` is in the edition that the request asks for, and ``now`` the time that the report shows. A request
    with a basis has the posture of the time of its basis.
    """
    known_at, given_waivers = request.basis.known_at if request.basis else now, waivers
    waivers, attestations = waivers_within(waivers, framework), attestations_within(attestations, framework)
    lake.period_end.load_mappings(request.scope.organization)  # once, before both threads ask for them
    with second_reader(_count_read(lake, request)) as reader:
        trend = reader.submit(judge_trend, lake, request, framework, waivers, attestations, known_at)
        before, assessed = judge_both(lake, request, framework, waivers, attestations, known_at)
        readings, daily = trend.result()
        inputs = ReportInputs(
            request=request,
            framework=framework,
            waivers=waivers,
            given_waivers=given_waivers,
            before=before,
            assessed=assessed,
            scored=tuple(day for day, posture in daily.items() if posture.score.denominator),
            scan_days=readings.scanned,
            weights=weights,
            now=known_at,
            comments=comments,
            milestones=milestones,
            attestations=attestations,
        )
        crosswalk = reader.submit(describe_crosswalk, framework, assessed)
        evidence = read_evidence(reader, lake, inputs, folder)
    note, snapshot = crosswalk.result(), lake.snapshot()
    return compose_report(
        header=_header(
            request, framework, locale, crosswalk=note, words=words, report_id=report_id, snapshot=snapshot, now=now
        ),
        posture=assessed.posture,
        previous=before.posture,
        daily=daily,
        evidence=evidence,
        locale=locale,
        show_executive_summary=request.include_executive_summary,
        detail=request.detail,
    )


def _count_read(lake: Lake, request: ReportRequest) -> int:
    """Findings of the files that the report reads."""
    return lake.imports.count_findings(request.scope.organization, *days_of_request(lake.session.settings, request))


def _header(
    request: ReportRequest,
    framework: Framework | None,
    locale: Locale,
    *,
    crosswalk: CrosswalkNote | None,
    words: OrganizationWords,
    report_id: str,
    snapshot: str,
    now: datetime,
) -> ReportHeader:
    return ReportHeader(
        id=report_id,
        name=request.name,
        type=request.type,
        description=request.description,
        framework_id=request.framework,
        framework_name=framework.name if framework else locale.text("cover.all_findings"),
        framework_version=framework.version if framework else None,
        period=request.period,
        scope=request.scope_as_given,
        generated_at=now,
        snapshot=snapshot,
        organization=request.scope.organization,
        organization_name=words.name,
        product_version=version("policycortex-reports"),
        locale=request.locale,
        branding=words.complete(request.branding or Branding()),
        template=request.template,
        crosswalk=crosswalk,
        formats=request.formats,
        known_at=request.basis.known_at if request.basis else None,
        known_on=request.known_on,
        made_from=request.basis.report_id if request.basis else None,
        frameworks=request.frameworks,
    )


def rendering_options(settings: Settings, request: ReportRequest) -> RenderingOptions:
    """The rendering options of the request."""
    return RenderingOptions(
        watermark=request.watermark,
        templates_dir=settings.templates_dir,
        pdf_variant=request.pdf_variant,
        has_csv_bom=request.has_csv_bom,
        oscal_version=request.oscal_version,
    )


def _finish(
    settings: Settings, registry: Registry, row: ReportRow, made: _Made, folder: Path, *, now: datetime
) -> tuple[ReportFile, ...]:
    request = request_from_json(row.order)
    password = unseal_password(settings, registry.reports.load_sealed_password(row.id), row.id)
    marked = registry.deliveries.list_deliveries(row.organization, report_id=row.id, limit=_MOST_COPIES)[0]
    files = protect_files(
        made.document,
        made.rendered,
        options=rendering_options(settings, request),
        password=password,
        recipients=[(delivery.id, delivery.target) for delivery in marked],
        folder=folder,
        now=now,
    )
    document = made.document
    attached = [file for row_ in document.statements for file in row_.evidence]
    attached += [file for row_ in document.not_applicable for file in row_.evidence]
    evidence = copy_evidence(settings, attached, password=password, folder=folder, now=now)
    return sign_files(
        settings,
        (*files, *evidence),
        request=request,
        report_id=row.id,
        password=password,
        provenance=made.provenance,
        trail=_trail_head(registry, row, now),
        folder=folder,
        now=now,
    )


def _trail_head(registry: Registry, row: ReportRow, now: datetime) -> AuditLogHead:
    head = registry.audit_log.load_state(row.organization).head
    return AuditLogHead(sequence=head.sequence, digest=head.digest, at=write_moment(now))


def _store(
    settings: Settings, report_id: str, files: Sequence[ReportFile]
) -> tuple[tuple[NewArtifact, ...], tuple[FileRow, ...]]:
    """The report's own files, and the other ones: copies, signatures, manifest."""
    store = open_artifacts(settings)
    own, beside = [], []
    for file in files:
        stored = store.put_file(report_id, file.stem, file.extension, file.path)
        if file.format is not None:
            own.append(NewArtifact(format=file.format, media_type=file.media_type, **asdict(stored)))
        else:
            beside.append(FileRow(name=file.name, media_type=file.media_type, **asdict(stored)))
    return tuple(own), tuple(beside)


def _content(rendered: "Sequence[RenderedArtifact]") -> dict[str, Any]:
    """Pages and sections of the PDF; null where none was requested."""
    paged = next((r for r in rendered if r.pages), None)
    if paged is None:
        return {"pages": None, "sections": []}
    return {"pages": paged.pages, "sections": [{"name": s.name, "pages": s.pages} for s in paged.sections]}
