"""Response bodies of download links, sharing and the access log, made from the registry's rows."""

from collections.abc import Sequence

from api.platform.responses import Span, page_of
from api.v1.sharing.schemas import (
    AccessEntry,
    AccessLog,
    LinkDetails,
    LinkItem,
    LinkMade,
    LinkSigner,
    SharingAnswer,
)
from policycortex.requests import ReportRequest
from policycortex.storage.registry import AccessRow, ArtifactRow, LinkRow, ReportRow


def present_link(link: LinkRow, url: str, expires_in: int) -> LinkMade:
    """A new link with its URL."""
    return LinkMade(
        id=link.id,
        url=url,
        report_id=link.report_id,
        format=link.format,
        expires_in=expires_in,
        expires_at=link.expires_at,
        one_time=link.is_one_time,
    )


def present_details(
    link: LinkRow,
    report: ReportRow,
    artifact: ArtifactRow,
    *,
    saved_as: str,
    request: ReportRequest | None,
    organization: str,
    signer: LinkSigner | None,
) -> LinkDetails:
    """What the link leads to. ``request`` is None where the file may not be readable without a password."""
    return LinkDetails(
        report_name=report.name,
        organization=organization if request is not None else None,
        period=Span.model_validate(request.period) if request is not None else None,
        format=link.format,
        file_name=saved_as,
        media_type=artifact.media_type,
        size_bytes=artifact.size_bytes,
        sha256=artifact.sha256,
        expires_at=link.expires_at,
        one_time=link.is_one_time,
        signer=signer if request is not None else None,
    )


def present_sharing(report: ReportRow, links: Sequence[LinkRow]) -> SharingAnswer:
    """Who can see the report, and its open links."""
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
        visibility=report.sharing.visibility,
        keys=list(report.sharing.key_ids or ()),
        links_allowed=report.sharing.are_links_allowed,
        links=items,
    )


def present_access_log(entries: Sequence[AccessRow], *, total: int, limit: int, offset: int) -> AccessLog:
    """A page of the access log."""
    return AccessLog(
        entries=[AccessEntry.model_validate(entry) for entry in entries],
        pagination=page_of(total, limit=limit, offset=offset, count=len(entries)),
    )
