"""Response bodies of reports, made from the registry's rows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from api.platform.auth import Principal
from api.platform.responses import page_of
from api.v1.reports.lifecycle import Estimate, UnrelatedWarning
from api.v1.reports.schemas import (
    Access,
    DeliveryWarning,
    DetailSummary,
    FilterValuesAnswer,
    FormatFile,
    ListSummary,
    Monitoring,
    NothingWarning,
    OrderWarning,
    ReportAccepted,
    ReportContent,
    ReportDetails,
    ReportEnded,
    ReportItem,
    ReportList,
    ReportWarning,
    RequirementCounts,
    Size,
    megabytes,
)
from policycortex.documents.scope_values import NothingInScope
from policycortex.documents.stored_summary import StoredFigures, read_figures
from policycortex.frameworks.combined import split_id
from policycortex.names import ReportFormat, ReportStage, ReportStatus
from policycortex.requests import request_from_json
from policycortex.storage.registry import ArtifactRow, ReportPage, ReportRow
from policycortex.workflow.order_warnings import describe_nothing
from policycortex.workflow.undelivered import UndeliveredWarning


def present_list(page: ReportPage, *, limit: int, offset: int, caller: Principal) -> ReportList:
    """A page of the list."""
    return ReportList(
        reports=[_item(report, caller) for report in page.reports],
        pagination=page_of(page.total, limit=limit, offset=offset, count=len(page.reports)),
    )


def present_accepted(
    report: ReportRow, estimate: Estimate, base_url: str, warnings: list[OrderWarning]
) -> ReportAccepted:
    """The response to a request for a report."""
    return ReportAccepted(
        id=report.id,
        name=report.name,
        type=report.type,
        framework=report.framework,
        frameworks=list(split_id(report.framework)),
        status=report.status,
        estimated_completion=estimate.completion_at,
        estimated_duration=print_duration(estimate.duration),
        queue_position=estimate.queue_position,
        monitoring=Monitoring(progress_url=f"{base_url}/v1/reports/{report.id}"),
        warnings=warnings,
    )


def present_warnings(
    unrelated: Sequence[UnrelatedWarning], *, nothing: NothingInScope | None, undelivered: Sequence[UndeliveredWarning]
) -> list[OrderWarning]:
    """What is shown with the request, or before it."""
    return [
        *([_nothing_warning(nothing)] if nothing else [_warning(each) for each in unrelated]),
        *(DeliveryWarning.model_validate(each) for each in undelivered),
    ]


def present_details(
    report: ReportRow,
    estimate: Estimate | None,
    base_url: str,
    caller: Principal,
    available: Mapping[str, bool | None],
) -> ReportDetails:
    """All about one report; ``estimate`` is None once it has ended, ``available`` has the stored files by key."""
    request = request_from_json(report.order)
    is_completed = report.status is ReportStatus.COMPLETED
    stage, stage_format = _stage(report)
    return ReportDetails.model_validate(
        {
            "id": report.id,
            "name": report.name,
            "type": report.type,
            "framework": report.framework,
            "frameworks": list(split_id(report.framework)),
            "status": report.status,
            "generated_at": report.completed_at if is_completed else None,
            "content": _content(report.content or {}) if is_completed else None,
            "formats": [_file(report.id, a, base_url, available) for f in request.formats if (a := report.artifact(f))],
            "summary": _detail_summary(report.summary) if report.summary is not None else None,
            "description": report.description,
            "scope": dict(request.scope_as_given),
            "period": request.period,
            "requested_formats": list(request.formats),
            "created_at": report.created_at,
            "scheduled_at": request.delivery.scheduled_at,
            "started_at": report.started_at,
            "ended_at": report.completed_at,
            "progress": report.progress_pct,
            "stage": stage,
            "stage_format": stage_format,
            "queue_position": estimate.queue_position if estimate else None,
            "estimated_completion": estimate.completion_at if estimate else None,
            "failure": report.failure,
            "snapshot": report.snapshot,
            "run_id": report.run_id,
            "access": _access(report, caller),
            "known_on": request.known_on,
            "made_from": request.basis.report_id if request.basis else None,
        }
    )


def present_ended(details: ReportDetails, accepted: ReportAccepted) -> ReportEnded:
    """The response to a request for a report that has ended while the caller waited."""
    return ReportEnded(**dict(details), monitoring=accepted.monitoring, warnings=accepted.warnings)


def _stage(report: ReportRow) -> tuple[ReportStage | None, ReportFormat | None]:
    stage, _, report_format = (report.stage or "").partition(":")
    return ReportStage(stage) if stage else None, ReportFormat(report_format) if report_format else None


def _warning(warning: UnrelatedWarning) -> ReportWarning:
    row = warning.row
    reason = ", which is not written for this provider" if row.is_outside else ""
    return ReportWarning(
        code="findings_without_requirement",
        message=(
            f"As of {warning.as_of}, {row.findings:,} of {row.total:,} findings of "
            f"{row.provider or 'an unknown provider'} count towards no requirement of {warning.framework}{reason}. "
            "Relate their checks in a crosswalk file (POST /v1/frameworks) where they matter; the report lists all."
        ),
        provider=row.provider,
        findings=row.findings,
        findings_total=row.total,
        checks=list(row.checks),
        checks_total=row.checks_total,
        as_of=warning.as_of,
    )


def _nothing_warning(found: NothingInScope) -> NothingWarning:
    return NothingWarning(
        code="nothing_in_scope",
        message=describe_nothing(found),
        filters=[FilterValuesAnswer.model_validate(each) for each in found.filters],
        last_scan_on=found.last_scan_on,
    )


def print_duration(duration: timedelta) -> str:
    """``40s``, ``15m``: whole minutes, rounded up, from one minute on."""
    seconds = max(1, round(duration.total_seconds()))
    return f"{seconds}s" if seconds < 60 else f"{-(-seconds // 60)}m"


def _item(report: ReportRow, caller: Principal) -> ReportItem:
    is_completed = report.status is ReportStatus.COMPLETED
    pages = (report.content or {}).get("pages")
    return ReportItem(
        id=report.id,
        name=report.name,
        type=report.type,
        framework=report.framework,
        frameworks=list(split_id(report.framework)),
        status=report.status,
        generated_at=report.completed_at if is_completed else None,
        size=Size(pages=pages, file_size_mb=megabytes(report.size_bytes)) if is_completed else None,
        summary=_list_summary(report.summary) if report.summary is not None else None,
        access=_access(report, caller),
        created_at=report.created_at,
    )


def _access(report: ReportRow, caller: Principal) -> Access:
    return Access(
        visibility=report.sharing.visibility,
        can_download=report.status is ReportStatus.COMPLETED,
        can_delete=caller.may("reports:write"),
        can_share=caller.may("reports:write"),
        expires_at=report.expires_at,
    )


def _list_summary(summary: Mapping[str, Any]) -> ListSummary:
    figures = read_figures(summary)
    return ListSummary(
        compliance_score=summary.get("compliance_score"),
        total_violations=summary.get("total_violations", 0),
        critical_findings=summary.get("critical", 0),
        requirements_met=figures.requirements_met,
        requirements_assessed=figures.requirements_assessed,
        risk_score=figures.risk_score,
        risk_version=figures.risk_version,
        risk_band=figures.risk_band,
    )


def _detail_summary(summary: Mapping[str, Any]) -> DetailSummary:
    figures = read_figures(summary)
    severities = ("critical", "high", "medium", "low", "informational")
    return DetailSummary(
        overall_compliance_score=summary.get("compliance_score"),
        total_violations=summary.get("total_violations", 0),
        **{severity: summary.get(severity, 0) for severity in severities},
        risk_score=summary.get("risk_score"),
        score=summary.get("score"),
        requirements=_requirements(figures),
        risk_version=figures.risk_version,
        risk=summary.get("risk"),
    )


def _requirements(figures: StoredFigures) -> RequirementCounts | None:
    met, assessed, total = figures.requirements_met, figures.requirements_assessed, figures.requirements_total
    if met is None or assessed is None or total is None:
        return None
    return RequirementCounts(met=met, assessed=assessed, total=total)


def _content(content: Mapping[str, Any]) -> ReportContent:
    return ReportContent(pages=content.get("pages"), sections=content.get("sections", []))


def _file(report_id: str, artifact: ArtifactRow, base_url: str, available: Mapping[str, bool | None]) -> FormatFile:
    return FormatFile(
        format=artifact.format,
        url=f"{base_url}/v1/reports/{report_id}/download/{artifact.format.value}",
        size_mb=megabytes(artifact.size_bytes),
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        media_type=artifact.media_type,
        available=available.get(artifact.key),
    )
