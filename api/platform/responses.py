"""What all JSON responses share: the base class of their schemas, times, pages, the error body, and ETags."""

import hashlib
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


def print_moment(moment: datetime) -> str:
    """``2024-04-01T10:00:00Z``."""
    return f"{moment.isoformat()[:19]}Z"  # a third of strftime's time; lists have many times


def print_local_moment(moment: datetime) -> str:
    """``2024-04-01T06:00:00-04:00``; ``Z`` for UTC."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


_DATE_TIME: Final = WithJsonSchema({"type": "string", "format": "date-time"})
Moment = Annotated[datetime, PlainSerializer(print_moment, return_type=str), _DATE_TIME]
LocalMoment = Annotated[datetime, PlainSerializer(print_local_moment, return_type=str), _DATE_TIME]


class ResponseModel(BaseModel):
    """Base of all response schemas. They read the attributes of the core's values, so that no field is copied."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Pagination(ResponseModel):
    """The position of a page in its list."""

    total: int = Field(examples=[234])
    limit: int = Field(examples=[20])
    offset: int = Field(examples=[0])
    has_more: bool


class Span(ResponseModel):
    """The resolved period; start inclusive, end exclusive."""

    start: Moment
    end: Moment
    timezone: str = Field(description="The zone in which the period's days are cut and printed")


class FindingTotals(ResponseModel):
    """Distinct findings by outcome; each is in exactly one."""

    passed: int
    failed: int
    manual: int
    muted: int
    waived: int


class ErrorDetail(ResponseModel):
    """One problem of the request."""

    field: str = Field(examples=["scope.date_range.start"])
    message: str = Field(examples=["Start date cannot be in the future"])


class ErrorAnswer(ResponseModel):
    """The body of every error response."""

    error: str = Field(examples=["invalid_report_config"])
    error_description: str = Field(examples=["Report configuration validation failed"])
    error_code: str = Field(pattern="^RPT_[0-9]{3}$", examples=["RPT_001"])
    report_id: str | None = None
    possible_causes: list[str] | None = None
    details: list[ErrorDetail] | None = None
    timestamp: str = Field(examples=["2024-01-21T16:00:00Z"], json_schema_extra={"format": "date-time"})
    request_id: str | None = None


def page_of(total: int, *, limit: int, offset: int, count: int) -> Pagination:
    """The position of a page with ``count`` entries in a list of ``total``."""
    return Pagination(total=total, limit=limit, offset=offset, has_more=offset + count < total)


def send_json(request: Request, content: BaseModel) -> Response:
    """200 with an ETag of the body, or 304 when the client has the same body."""
    body = content.model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"} | _links(request, content)
    if matches_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _links(request: Request, content: BaseModel) -> dict[str, str]:
    """The other pages of a list in the header ``Link`` (RFC 8288), with the same parameters; {} for what is no list."""
    page = getattr(content, "pagination", None)
    if not isinstance(page, Pagination):
        return {}
    last = (page.total - 1) // page.limit * page.limit if page.total else 0
    offsets = {"first": 0, "last": last}
    if page.offset:
        offsets["prev"] = max(page.offset - page.limit, 0)
    if page.has_more:
        offsets["next"] = page.offset + page.limit
    public_url: str | None = request.app.state.services.settings.public_url
    address = (public_url or str(request.base_url).rstrip("/")) + request.url.path
    given = [(name, value) for name, value in request.query_params.multi_items() if name not in {"limit", "offset"}]
    links = (
        f'<{address}?{urlencode([*given, ("limit", page.limit), ("offset", offset)])}>; rel="{name}"'
        for name, offset in sorted(offsets.items())
    )
    return {"Link": ", ".join(links)}


def matches_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names the tag; weak comparison as in RFC 9110."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
