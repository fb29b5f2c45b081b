"""``/v1/audit-trail``: the organisation's audit log, for keys with the scope ``admin``."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.platform.audit import audited
from api.platform.auth import Admin
from api.platform.dependencies import ServicesDep
from api.platform.openapi import errors_of
from api.platform.responses import page_of, send_json
from api.platform.services import Services
from api.v1.audit_log.schemas import AuditHeadAnswer, AuditLogPage, AuditLogQuery, AuditRecordAnswer, ExportForm
from policycortex.workflow.audit_export import csv_lines, export_lines, slug

router: Final = APIRouter(prefix="/v1/audit-trail", tags=["audit trail"])

_EXPORT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The whole audit log, oldest first; `policycortex verify --trail` checks the JSON lines",
        "content": {"text/csv": {}, "application/jsonl": {}},
    }
}


@router.get("", response_model=AuditLogPage, responses=errors_of())
@audited("audit_trail_read")
def list_audit_trail(
    request: Request, caller: Admin, query: Annotated[AuditLogQuery, Query()], services: ServicesDep
) -> Response:
    """All requests and refusals of the organisation, newest first, with actor, address and request id."""
    services.write_ahead_log.flush()
    records, total = services.registry.audit_log.list_records(
        caller.organization, query.to_filter(), limit=query.limit, offset=query.offset
    )
    head = services.registry.audit_log.load_state(caller.organization).head
    page = AuditLogPage(
        records=[AuditRecordAnswer.model_validate(record) for record in records],
        head=AuditHeadAnswer.model_validate(head),
        pagination=page_of(total, limit=query.limit, offset=query.offset, count=len(records)),
    )
    return send_json(request, page)


@router.get("/export", response_class=Response, responses={**errors_of(), **_EXPORT})
@audited("audit_trail_exported")
def export_audit_trail(
    caller: Admin,
    services: ServicesDep,
    format: ExportForm = ExportForm.CSV,  # noqa: A002 - the documented name
) -> Response:
    """The whole audit log as one file."""
    services.write_ahead_log.flush()
    name = f"audit-trail-{slug(caller.organization)}.{format.value}"
    media_type = "text/csv; charset=utf-8" if format is ExportForm.CSV else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(_lines(services, caller.organization, format), media_type=media_type, headers=headers)


def _lines(services: Services, organization: str, form: ExportForm) -> Iterator[str]:
    if form is ExportForm.CSV:
        return csv_lines(services.registry.audit_log.read_records(organization))
    return export_lines(services.registry, organization, now=services.now())
