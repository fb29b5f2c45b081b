"""Sharing of reports: who can see one, its access log, and download links that need no key."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.access_log import log_access
from api.platform.audit import audited, note
from api.platform.auth import Reader, Writer
from api.platform.dependencies import BaseUrl, JsonObject, ReportId, ServicesDep, refuse_unknown_parameters
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of, file_responses
from api.platform.responses import send_json
from api.v1.downloads.file_responses import find_artifact
from api.v1.sharing.link_details import describe_link
from api.v1.sharing.link_downloads import follow_link
from api.v1.sharing.presenters import present_access_log, present_link, present_sharing
from api.v1.sharing.schemas import AccessLog, LinkBody, LinkDetails, LinkMade, SharingAnswer, SharingBody
from policycortex.errors import ConflictError
from policycortex.requests.parsing import validated
from policycortex.storage.registry import Sharing

router: Final = APIRouter(prefix="/v1/reports", tags=["sharing"])
links_router: Final = APIRouter(
    prefix="/v1/links", tags=["downloads"], dependencies=[Depends(refuse_unknown_parameters)]
)

_LINK_RESPONSES: Final = {**errors_of(codes.REPORT_NOT_FOUND, codes.FILE_MISSING, codes.RANGE), **file_responses()}


@router.post(
    "/{report_id}/download-link",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.REPORT_NOT_FOUND, codes.FORMAT_NOT_MADE, codes.CONFLICT, body=True),
    openapi_extra=body_of(LinkBody, {"format": "pdf", "expires_in": 3600}),
)
@audited("link_created")
def create_download_link(
    report_id: ReportId, *, caller: Reader, body: JsonObject, services: ServicesDep, base_url: BaseUrl
) -> LinkMade:
    """A link to one file that needs no key. Its URL is in this response only.

    It ends after `expires_in`, or when the key that makes it is revoked or expires, and works from that key's networks
    only.
    """
    wanted = validated(LinkBody, body)
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    if not report.sharing.are_links_allowed:
        raise ConflictError(f"Report {report_id} allows no download links: links_allowed is false in its sharing")
    find_artifact(report, wanted.format)
    now = services.now()
    link, token = services.registry.links.create_link(
        organization=caller.organization,
        report_id=report_id,
        format=wanted.format,
        expires_at=min(
            now + timedelta(seconds=wanted.expires_in), caller.key.expires_at or datetime.max.replace(tzinfo=UTC)
        ),
        is_one_time=wanted.one_time,
        created_by=caller.key.id,
        now=now,
    )
    log_access(services, caller, report_id, "link_created", wanted.format.value)
    note(details={"link": link.id, "format": wanted.format.value, "expires_at": link.expires_at.isoformat()})
    return present_link(link, f"{base_url}/v1/links/{token}", int((link.expires_at - now).total_seconds()))


@links_router.head("/{token}", response_class=Response, responses=_LINK_RESPONSES, operation_id="head_link")
@links_router.get("/{token}", response_class=Response, responses=_LINK_RESPONSES)
@audited("link_used")
def follow_download_link(token: str, request: Request, services: ServicesDep) -> Response:
    """Download the file of a link; no key is needed."""
    return follow_link(request, services, token)


@links_router.get("/{token}/details", responses=errors_of(codes.REPORT_NOT_FOUND, codes.FILE_MISSING))
@audited("link_read")
def get_link_details(token: str, request: Request, services: ServicesDep) -> LinkDetails:
    """What a link leads to: report, size, digest, signer, end. No key is needed; it does not use up the link."""
    return describe_link(request, services, token)


@router.get("/{report_id}/sharing", response_model=SharingAnswer, responses=errors_of(codes.REPORT_NOT_FOUND))
@audited("sharing_read")
def get_sharing(report_id: ReportId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """Who can see the report, and its open links."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    return send_json(
        request, present_sharing(report, services.registry.links.list_links(report_id, now=services.now()))
    )


@router.put(
    "/{report_id}/sharing",
    responses=errors_of(codes.INVALID_CONFIG, codes.REPORT_NOT_FOUND, body=True),
    openapi_extra=body_of(SharingBody, {"visibility": "organization", "keys": [], "links_allowed": True}),
)
@audited("report_shared")
def put_sharing(report_id: ReportId, caller: Writer, body: JsonObject, services: ServicesDep) -> SharingAnswer:
    """Replace who can see the report. The key that requested it and admin keys always can."""
    wanted = validated(SharingBody, body)
    services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    sharing = Sharing(
        key_ids=tuple(dict.fromkeys(wanted.keys)) if wanted.visibility == "keys" else None,
        are_links_allowed=wanted.links_allowed,
    )
    report = services.registry.sharing.share_report(caller.organization, report_id, sharing, now=services.now())
    log_access(services, caller, report_id, "shared")
    return present_sharing(report, services.registry.links.list_links(report_id, now=services.now()))


@router.get("/{report_id}/access-log", response_model=AccessLog, responses=errors_of(codes.REPORT_NOT_FOUND))
@audited("access_log_read")
def list_access(
    report_id: ReportId, request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Every read and download of the report, newest first."""
    services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    services.read_log.flush()
    entries, total = services.registry.access_log.list_access(report_id, limit=query.limit, offset=query.offset)
    return send_json(request, present_access_log(entries, total=total, limit=query.limit, offset=query.offset))
