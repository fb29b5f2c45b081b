"""``GET /v1/findings``: the evidence behind scores, as a report of the same scope and time has it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import KnownData, known_data_of, refused
from api.platform.auth import Principal, Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import ApiError
from api.platform.file_downloads import FileDownload, disposition
from api.platform.filters import checked_scope, frameworks_of, known_filters
from api.platform.grants import period_within
from api.platform.media_types import preferred_type
from api.platform.openapi import errors_of
from api.platform.responses import Span, send_json
from api.platform.services import Services
from api.v1.findings.cursors import Cursor, decode_cursor, encode_cursor
from api.v1.findings.schemas import FindingsAnswer, FindingsQuery
from policycortex.frameworks.model import Framework
from policycortex.frameworks.profiles import with_parts
from policycortex.period import Period
from policycortex.requests.scope_body import scope_of
from policycortex.scope import Scope
from policycortex.storage.private_folders import private_folder

if TYPE_CHECKING:
    from policycortex.storage.lake.finding_filter import FindingFilter
    from policycortex.storage.lake.findings_pages import FindingsPage
    from policycortex.storage.lake.lake import Lake
    from policycortex.workflow.assessed_period import RelatedPeriod

router: Final = APIRouter(prefix="/v1/findings", tags=["findings"])

_JSON: Final = "application/json"
_NDJSON: Final = "application/x-ndjson"
_PARQUET: Final = "application/vnd.apache.parquet"
_OTHER_TYPES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The page as JSON; as NDJSON or Parquet where `Accept` asks for it",
        "content": {
            _NDJSON: {"schema": {"type": "string"}},
            _PARQUET: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the parameters mean."""

    scope: Scope
    known: KnownData
    query: FindingsQuery
    cursor: Cursor | None
    """None on the first page."""
    snapshot: str | None


@router.get("", response_model=FindingsAnswer, responses=_OTHER_TYPES | errors_of(codes.DATA_NOT_KEPT))
def list_findings(
    request: Request,
    *,
    caller: Reader,
    query: Annotated[FindingsQuery, Query()],
    services: ServicesDep,
    base_url: BaseUrl,
) -> Response:
    """Findings that count now, or at a time of the past: those of the newest scan of each account, check and target.

    `Accept: application/x-ndjson` gives the page with one finding a line and the next page in `Link`;
    `Accept: application/vnd.apache.parquet` gives all findings as one file.
    """
    wanted = _wanted(query, services, caller)
    media_type = preferred_type(",".join(request.headers.getlist("accept")), (_JSON, _NDJSON, _PARQUET))
    if media_type == _PARQUET:
        return _send_parquet(wanted, services)
    page, snapshot = _read_page(wanted, services)
    following = None
    if page.next is not None:
        following = encode_cursor(query, snapshot, wanted.known.period.end, page.next)
    headers = {"Vary": "Authorization, Accept"} | _link(base_url, query, following)
    from api.v1.findings.presenters import present_findings  # noqa: PLC0415 - the lake's libraries take 60 MB

    found = list(present_findings(page.findings))
    if media_type == _NDJSON:
        lines = "".join(f"{each.model_dump_json()}\n" for each in found)
        return Response(lines, media_type=_NDJSON, headers={**headers, "Cache-Control": "private, no-store"})
    framework = wanted.known.framework
    answer = FindingsAnswer(
        findings=found,
        findings_total=page.total,
        next_cursor=following,
        framework=framework.id if framework else None,
        crosswalk=framework.edition if framework else None,
        period=_span(wanted.known.period),
        snapshot=snapshot,
    )
    response = send_json(request, answer)
    response.headers.update(headers)
    return response


def _wanted(query: FindingsQuery, services: Services, caller: Principal) -> _Wanted:
    """Raises ApiError that names the wrong parameter."""
    frameworks, now = frameworks_of(query, services, caller), services.now().astimezone(UTC)
    framework: Framework | None = None
    if query.framework is not None:
        framework = frameworks.get(query.framework)
        if framework is None:
            raise refused("framework", f"No framework {query.framework!r}; GET /v1/frameworks lists all")
    elif query.requirement is not None:
        raise refused("requirement", "Needs the parameter framework")
    filters = known_filters(frameworks, services, caller)
    scope = scope_of(checked_scope(query, filters, now), caller.organization, filters)
    known = known_data_of(query, framework, services, caller, now=now)
    cursor = decode_cursor(query, known.period.end)
    if cursor is None:
        return _Wanted(scope=scope, known=known, query=query, cursor=None, snapshot=known.snapshot)
    known = replace(known, period=_ending_at(known.period, cursor.end))
    if caller.key.grant is not None:
        known = replace(known, period=period_within(caller.key.grant, known.period))
    return _Wanted(scope=scope, known=known, query=query, cursor=cursor, snapshot=cursor.snapshot)


def _read_page(wanted: _Wanted, services: Services) -> tuple["FindingsPage", str]:
    """The page and the snapshot that it was read from."""
    from policycortex.storage.lake.findings_pages import FindingPosition  # noqa: PLC0415

    cursor, start = wanted.cursor, None
    if cursor is not None:
        start = FindingPosition(rank=cursor.rank, check_id=cursor.check_id, skipped=cursor.skipped)
    with _opened(wanted, services) as (lake, snapshot):
        related = _related(lake, wanted)
        page = lake.findings_pages.load_page(
            wanted.scope,
            wanted.known.period,
            wanted=_filter(wanted.query),
            start=start,
            limit=wanted.query.limit,
            relations=related.relations,
            framework_id=wanted.known.framework.id if wanted.known.framework else None,
            waivers=related.waivers,
        )
    return page, snapshot


def _send_parquet(wanted: _Wanted, services: Services) -> Response:
    """All findings as one file, which has no name any more while it is sent."""
    with private_folder(services.settings) as folder:
        path = folder / "findings.parquet"
        with _opened(wanted, services) as (lake, snapshot):
            related = _related(lake, wanted)
            lake.findings_export.write_findings(
                wanted.scope,
                wanted.known.period,
                path=path,
                relations=related.relations,
                framework_id=wanted.known.framework.id if wanted.known.framework else None,
                waivers=related.waivers,
                wanted=_filter(wanted.query),
            )
        stream = path.open("rb")
    size = os.fstat(stream.fileno()).st_size
    headers = {
        "Content-Type": _PARQUET,
        "Content-Disposition": disposition("findings.parquet"),
        "Content-Length": str(size),
        "Cache-Control": "private, no-store",
        "X-Snapshot": snapshot,
    }
    return FileDownload(stream, size, status_code=200, headers=headers)


@contextmanager
def _opened(wanted: _Wanted, services: Services) -> Iterator[tuple["Lake", str]]:
    """The lake at one snapshot. Raises ApiError 410 when a cursor's snapshot is not kept any more."""
    from policycortex.storage.lake.snapshots import load_kept_snapshots  # noqa: PLC0415 - the lake takes 60 MB

    if wanted.cursor is not None:
        with services.lake.read() as newest:
            kept = {str(each.number) for each in load_kept_snapshots(newest.session)}
            if wanted.cursor.snapshot not in kept:
                raise ApiError(codes.DATA_NOT_KEPT, "The data of the first page is not kept any more; begin again")
    with services.lake.read(wanted.snapshot) as lake:
        yield lake, lake.snapshot()


def _related(lake: "Lake", wanted: _Wanted) -> "RelatedPeriod":
    from policycortex.workflow.assessed_period import relate_period  # noqa: PLC0415

    known, named = wanted.known, wanted.query.requirement
    related = relate_period(lake, known.framework, wanted.scope, known.period, waivers=known.waivers, now=known.at)
    if named is None or known.framework is None:
        return related
    found = known.framework.requirement_by_spelling().get(named.casefold())
    if found is None:
        raise refused("requirement", f"{known.framework.id} has no requirement {named!r}")
    return related.limited_to(with_parts(known.framework, [found]))


def _filter(query: FindingsQuery) -> "FindingFilter":
    from policycortex.storage.lake.finding_filter import FindingFilter  # noqa: PLC0415

    return FindingFilter(statuses=query.status, severities=query.severity, check_ids=query.checks)


def _ending_at(period: Period, end: datetime) -> Period:
    """The same number of days up to this time."""
    return Period(start=end - (period.end - period.start), end=end, zone=period.zone)


def _link(base_url: str, query: FindingsQuery, following: str | None) -> dict[str, str]:
    """The next page in the header ``Link`` (RFC 8288)."""
    if following is None:
        return {}
    given = query.model_dump(mode="json", exclude_defaults=True) | {"cursor": following}
    return {"Link": f'<{base_url}/v1/findings?{urlencode(given, doseq=True)}>; rel="next"'}


def _span(period: Period) -> Span:
    return Span(start=period.start, end=period.end, timezone=period.timezone)
