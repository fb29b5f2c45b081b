"""Downloads through a link: no key, one file. A one-time link is used up only when the whole file was sent."""

import logging
from datetime import datetime
from typing import Final

from fastapi import Request, Response

from api.platform.audit import note
from api.platform.file_downloads import FileDownload
from api.platform.services import Services
from api.v1.downloads.file_responses import find_artifact, find_copy, send_artifact
from policycortex.errors import ConflictError, NotFoundError, UnavailableError
from policycortex.storage.registry import AccessRow, ArtifactRow, LinkRow, ReportRow

_log: Final = logging.getLogger("policycortex.api")


def follow_link(request: Request, services: Services, token: str) -> Response:
    """The file. Raises NotFoundError without the link or report. A one-time link sends the whole file, once."""
    link, report, artifact = find_linked_file(request, services, token)
    note(details={"format": link.format.value})
    response = send_artifact(request, services.artifacts, report, artifact, allow_parts=not link.is_one_time)
    if request.method == "GET" and response.status_code < 300:
        used_at = services.now()
        services.registry.links.use_link(link, now=used_at)
        services.read_log.flush()
        services.registry.access_log.log_access(access_by(request, services, link, "link_used"))
        if link.is_one_time and isinstance(response, FileDownload):
            response.on_broken = lambda: _release(services, link, used_at)
    return response


def find_linked_file(request: Request, services: Services, token: str) -> tuple[LinkRow, ReportRow, ArtifactRow]:
    """The link with its report and file, noted in the audit event. Raises NotFoundError without one of them."""
    address = request.client.host if request.client else None
    link = services.registry.links.find_link(token, now=services.now(), address=address)
    note(organization=link.organization, actor=f"link:{link.id}", subject=link.report_id)
    report = services.registry.reports.find_report(link.report_id)
    try:
        artifact = find_artifact(report, link.format)
        if link.file_name is not None:
            artifact = find_copy(services.registry.reports.list_files(report.id), link.file_name, artifact)
    except ConflictError as error:
        raise NotFoundError(str(error)) from error
    return link, report, artifact


def access_by(request: Request, services: Services, link: LinkRow, action: str) -> AccessRow:
    """What was done through the link, for the report's access log."""
    return AccessRow(
        report_id=link.report_id,
        at=services.now(),
        action=action,
        actor=f"link:{link.id}",
        address=request.client.host if request.client else None,
        request_id=request.scope.get("policycortex.request_id"),
        format=link.format.value,
    )


async def _release(services: Services, link: LinkRow, used_at: datetime) -> None:
    """Undo the use. It was written before the first byte, so that of two downloads at the same time one is refused."""
    try:
        await services.run_short(lambda: services.registry.links.release_link(link, used_at=used_at))
    except UnavailableError as error:
        _log.warning("a one-time link stays used up", extra={"link_id": link.id, "reason": str(error)})
