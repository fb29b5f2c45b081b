"""From the registry's rows to the API's answers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from api.platform.auth import Principal
from api.v1.reports.estimates import Estimate
from api.v1.reports.schemas import (
    Access,
    AccessEntry,
    AccessLog,
    Content,
    DetailSummary,
    FailureAnswer,
    FormatFile,
    LinkItem,
    LinkMade,
    ListSummary,
    Monitoring,
    Pagination,
    ReportAccepted,
    ReportDetails,
    ReportItem,
    ReportList,
    Section,
    SharingAnswer,
    Size,
    Span,
    megabytes,
)
from policycortex.names import ReportStatus
from policycortex.requests import order_from_json
from policycortex.storage.registry import AccessRow, ArtifactRow, LinkRow, ReportPage, ReportRow


def shape_list(page: ReportPage, *, limit: int, offset: int, caller: Principal) -> ReportList:
    """A page of the list."""
    return ReportList(
        reports=[_item(report, caller) for report in page.reports],
        pagination=_pagination(len(page.reports), total=page.total, limit=limit, offset=offset),
    )


def shape_accepted(report: ReportRow, estimate: Estimate, base_url: str) -> ReportAccepted:
    """The answer to an order."""
    return ReportAccepted(
        id=report.id,
        name=report.name,
        type=report.type,
        framework=report.framework,
        status=report.status,
        estimated_completion=estimate.completion_at,
        estimated_duration=print_duration(estimate.duration),
        queue_position=estimate.queue_position,
        monitoring=Monitoring(progress_url=f"{base_url}/v1/reports/{report.id}"),
    )


def shape_details(report: ReportRow, estimate: Estimate | None, base_url: str, caller: Principal) -> ReportDetails:
    """All about one report; ``estimate`` is None once it has ended."""
    order = order_from_json(report.order)
    is_completed = report.status is ReportStatus.COMPLETED
    content = report.content or {}
    return ReportDetails(
        id=report.id,
        name=report.name,
        type=report.type,
        framework=report.framework,
        status=report.status,
        generated_at=report.completed_at if is_completed else None,
        content=_content(content) if is_completed else None,
        formats=[_file(report.id, a, base_url) for f in order.formats if (a := report.artifact(f))],
        summary=_detail_summary(report.summary) if report.summary is not None else None,
        description=report.description,
        scope=dict(order.scope_as_given),
        period=Span(start=order.period.start, end=order.period.end),
        requested_formats=list(order.formats),
        created_at=report.created_at,
        scheduled_at=order.delivery.scheduled_at,
        started_at=report.started_at,
        ended_at=report.completed_at,
        progress=report.progress_pct,
        queue_position=estimate.queue_position if estimate else None,
        estimated_completion=estimate.completion_at if estimate else None,
        failure=_failure(report),
        snapshot=report.snapshot,
        run_id=report.run_id,
        access=_access(report, caller),
    )


def shape_link(link: LinkRow, url: str, expires_in: int) -> LinkMade:
    """The answer that shows a link's address."""
    return LinkMade(
        id=link.id,
        url=url,
        report_id=link.report_id,
        format=link.format,
        expires_in=expires_in,
        expires_at=link.expires_at,
        one_time=link.is_one_time,
    )


def shape_sharing(report: ReportRow, links: Sequence[LinkRow]) -> SharingAnswer:
    """Who sees the report, and its open links."""
    items = [
        LinkItem(
            id=link.id,
            format=link.format,
            created_at=link.created_at,
            created_by=link.created_by,
            expires_at=link.expires_at,
            one_time=link.is_one_time,
        )
        for link in links
    ]
    return SharingAnswer(
        visibility=_visibility(report),
        keys=list(report.sharing.key_ids or ()),
        links_allowed=report.sharing.are_links_allowed,
        links=items,
    )


def shape_access_log(entries: Sequence[AccessRow], *, total: int, limit: int, offset: int) -> AccessLog:
    """A page of the log."""
    items = [
        AccessEntry(
            at=entry.at,
            action=entry.action,
            actor=entry.actor,
            address=entry.address,
            format=entry.format,
            request_id=entry.request_id,
        )
        for entry in entries
    ]
    return AccessLog(entries=items, pagination=_pagination(len(items), total=total, limit=limit, offset=offset))


def _pagination(shown: int, *, total: int, limit: int, offset: int) -> Pagination:
    return Pagination(total=total, limit=limit, offset=offset, has_more=offset + shown < total)


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
        status=report.status,
        generated_at=report.completed_at if is_completed else None,
        size=Size(pages=pages, file_size_mb=megabytes(report.size_bytes)) if is_completed else None,
        summary=_list_summary(report.summary) if report.summary is not None else None,
        access=_access(report, caller),
        created_at=report.created_at,
    )


def _visibility(report: ReportRow) -> str:
    return "organization" if report.sharing.key_ids is None else "keys"


def _access(report: ReportRow, caller: Principal) -> Access:
    return Access(
        visibility=_visibility(report),
        can_download=report.status is ReportStatus.COMPLETED,
        can_delete=caller.may("reports:write"),
        can_share=caller.may("reports:write"),
        expires_at=report.expires_at,
    )


def _list_summary(summary: Mapping[str, Any]) -> ListSummary:
    return ListSummary(
        compliance_score=summary.get("compliance_score"),
        total_violations=summary.get("total_violations", 0),
        critical_findings=summary.get("critical", 0),
    )


def _detail_summary(summary: Mapping[str, Any]) -> DetailSummary:
    severities = ("critical", "high", "medium", "low", "informational")
    return DetailSummary(
        overall_compliance_score=summary.get("compliance_score"),
        total_violations=summary.get("total_violations", 0),
        **{severity: summary.get(severity, 0) for severity in severities},
        risk_score=summary.get("risk_score"),
        score=summary.get("score"),
    )


def _content(content: Mapping[str, Any]) -> Content:
    sections = [Section(name=section["name"], pages=section["pages"]) for section in content.get("sections", [])]
    return Content(pages=content.get("pages"), sections=sections)


def _file(report_id: str, artifact: ArtifactRow, base_url: str) -> FormatFile:
    return FormatFile(
        format=artifact.format,
        url=f"{base_url}/v1/reports/{report_id}/download/{artifact.format.value}",
        size_mb=megabytes(artifact.size_bytes),
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        media_type=artifact.media_type,
    )


def _failure(report: ReportRow) -> FailureAnswer | None:
    if report.failure is None:
        return None
    told = report.failure
    return FailureAnswer(code=told.code, message=told.message, is_retryable=told.is_retryable)
