"""``/v1/audit-trail``: who did what in the organisation, for keys of scope ``admin``."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.platform.auth import Principal, authenticate
from api.platform.dependencies import ServicesDep
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.platform.services import Services
from policycortex.field_types import Moment
from policycortex.storage.registry.audit_log import AuditLogFilter
from policycortex.workflow.audit_export import csv_lines, export_lines, slug

router: Final = APIRouter(prefix="/v1/audit-trail", tags=["audit trail"])

Auditor = Annotated[Principal, Security(authenticate, scopes=["admin"])]


class ExportForm(StrEnum):
    """How a trail is written down."""

    JSONL = "jsonl"
    CSV = "csv"


class TrailQuery(BaseModel):
    """Which records a page holds."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1 << 62)
    action: str | None = Field(default=None, max_length=64, examples=["report_downloaded"])
    actor: str | None = Field(default=None, max_length=128, description="A key's id, `link:<id>`, `schedule:<id>`, ...")
    subject: str | None = Field(default=None, max_length=200, description="Id of what it was done to")
    outcome: str | None = Field(default=None, pattern="^(done|refused|failed|unknown)$")
    after: Moment | None = Field(default=None, description="At this moment or later")
    before: Moment | None = None

    def to_filter(self) -> AuditLogFilter:
        """For the registry."""
        return AuditLogFilter(**self.model_dump(exclude={"limit", "offset"}))


class TrailRecord(BaseModel):
    """One act. `digest` covers all but `seal`; `previous` is the digest of the record before."""

    organization: str
    sequence: int
    at: str
    action: str
    actor: str
    address: str | None
    request_id: str | None
    subject: str | None
    outcome: str
    details: dict[str, Any]
    previous: str
    digest: str
    seal: str


class TrailHeadAnswer(BaseModel):
    """Where the chain stands: the last record's number and digest."""

    sequence: int
    digest: str


class TrailPagination(BaseModel):
    """Where the page stands in the whole."""

    total: int
    limit: int
    offset: int
    has_more: bool


class TrailPage(BaseModel):
    """Records, newest first."""

    records: list[TrailRecord]
    head: TrailHeadAnswer
    pagination: TrailPagination


@router.get("", response_model=TrailPage, responses=errors_of())
def list_audit_trail(
    request: Request, caller: Auditor, query: Annotated[TrailQuery, Query()], services: ServicesDep
) -> Response:
    """Every act and every refusal of the organisation, newest first, with actor, address and request id."""
    services.journal.flush()
    records, total = services.registry.audit_log.list_records(
        caller.organization, query.to_filter(), limit=query.limit, offset=query.offset
    )
    head = services.registry.audit_log.load_state(caller.organization).head
    page = TrailPage(
        records=[TrailRecord.model_validate(record, from_attributes=True) for record in records],
        head=TrailHeadAnswer(sequence=head.sequence, digest=head.digest),
        pagination=TrailPagination(
            total=total, limit=query.limit, offset=query.offset, has_more=query.offset + len(records) < total
        ),
    )
    return send_json(request, page)


_EXPORT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The whole trail, oldest first; `policycortex verify --trail` checks the JSON lines",
        "content": {"text/csv": {}, "application/jsonl": {}},
    }
}


@router.get("/export", response_class=Response, responses={**errors_of(), **_EXPORT})
def export_audit_trail(
    caller: Auditor,
    services: ServicesDep,
    format: ExportForm = ExportForm.CSV,  # noqa: A002 - the documentation's word
) -> Response:
    """The whole trail as one file."""
    services.journal.flush()
    name = f"audit-trail-{slug(caller.organization)}.{format.value}"
    media_type = "text/csv; charset=utf-8" if format is ExportForm.CSV else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(_lines(services, caller.organization, format), media_type=media_type, headers=headers)


def _lines(services: Services, organization: str, form: ExportForm) -> Iterator[str]:
    if form is ExportForm.CSV:
        return csv_lines(services.registry.audit_log.read_records(organization))
    return export_lines(services.registry, organization, now=services.now())
