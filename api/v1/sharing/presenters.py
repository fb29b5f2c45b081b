"""Response bodies of download links, sharing and the access log, made from the registry's rows."""

from collections.abc import Sequence

from api.platform.responses import page_of
from api.v1.sharing.schemas import AccessEntry, AccessLog, LinkItem, LinkMade, SharingAnswer
from policycortex.storage.registry import AccessRow, LinkRow, ReportRow


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
