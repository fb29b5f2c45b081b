"""``/v1/reports/schedules``: standing orders, made, looked at, changed, run out of turn and ended."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from api.platform import error_codes as codes
from api.platform.auth import Reader, ScheduleWriter
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import ApiError
from api.platform.idempotency import IdempotencyKey, answer_once, claim_of
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import send_json
from api.platform.services import Services
from api.v1.schedules.presenters import (
    RunList,
    RunNowAnswer,
    ScheduleAnswer,
    ScheduleList,
    SchedulePatch,
    TemplateList,
    page_of,
    shape_run,
    shape_schedule,
)
from policycortex.errors import NotFoundError, UnavailableError
from policycortex.field_types import check_text
from policycortex.requests import order_from_json
from policycortex.requests.parsing import validated
from policycortex.requests.schedules import ScheduleBody
from policycortex.scheduling.templates import load_schedule_templates
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.workflow import scheduling

router: Final = APIRouter(prefix="/v1/reports/schedules", tags=["schedules"])

ScheduleId = Annotated[str, Path(max_length=64, examples=["sch_1234567890abcdef"])]

_log = logging.getLogger("policycortex.api")
_EXAMPLE: Final = {
    "name": "Monthly Executive Compliance Report",
    "description": "Automated monthly compliance summary for executive team",
    "schedule": {"cron": "0 9 1 * *", "timezone": "America/New_York"},
    "report_template": {
        "name": "Executive Summary Template",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"environments": ["production"], "date_range_type": "last_month"},
    },
    "delivery": {
        "email": {
            "recipients": ["ceo@company.com", "cto@company.com"],
            "subject": "Monthly Compliance Report - {{date}}",
        },
        "slack": {"channel": "#executive-reports"},
    },
    "enabled": True,
}


class ScheduleQuery(PageQuery):
    """Which schedules."""

    enabled: bool | None = None
    q: Annotated[str, AfterValidator(check_text)] | None = Field(
        default=None, max_length=200, description="Found in name or description, without case"
    )


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=body_of(ScheduleBody, _EXAMPLE),
)
def create_schedule(
    request: Request,
    *,
    caller: ScheduleWriter,
    body: JsonObject,
    services: ServicesDep,
    base_url: BaseUrl,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ScheduleAnswer:
    """Order a report at every tick of a cron expression, on the clocks of a time zone, and say where it goes."""
    registry, now = services.registry, services.now()

    def make(schedule_id: str) -> ScheduleAnswer:
        row = registry.schedules.seek_schedule(schedule_id) or scheduling.create_schedule(
            services.settings,
            registry,
            body,
            schedule_id=schedule_id,
            organization=caller.organization,
            created_by=caller.key.id,
            now=now,
        )
        return shape_schedule(row, None, now=now, base_url=base_url)

    made = answer_once(
        services,
        claim_of(services, request, caller, idempotency_key, body),
        response,
        fresh_id=f"sch_{secrets.token_hex(8)}",
        make=make,
        is_begun=lambda id_: registry.schedules.seek_schedule(id_) is not None,
        form=ScheduleAnswer,
    )
    response.headers["Location"] = f"{base_url}/v1/reports/schedules/{made.id}"
    return made


@router.get("", response_model=ScheduleList, responses=errors_of())
def list_schedules(
    request: Request,
    *,
    caller: Reader,
    query: Annotated[ScheduleQuery, Query()],
    services: ServicesDep,
    base_url: BaseUrl,
) -> Response:
    """The organisation's schedules, newest first, each with its next five runs and its last one."""
    registry, now = services.registry, services.now()
    rows, total = registry.schedules.list_schedules(
        caller.organization, is_enabled=query.enabled, text=query.q, limit=query.limit, offset=query.offset
    )
    last = registry.schedules.last_runs([row.id for row in rows])
    shaped = [shape_schedule(row, last.get(row.id), now=now, base_url=base_url) for row in rows]
    page = page_of(total, query.limit, query.offset, len(rows))
    return send_json(request, ScheduleList(schedules=shaped, pagination=page))


@router.get("/templates", response_model=TemplateList, responses=errors_of())
def list_templates(request: Request, caller: Reader) -> Response:  # noqa: ARG001 - a key is needed all the same
    """Ready-made schedules, from daily to annual; add a delivery, and send one back as a body."""
    return send_json(request, TemplateList(templates=list(load_schedule_templates())))


@router.get("/{schedule_id}", response_model=ScheduleAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_schedule(
    schedule_id: ScheduleId, request: Request, *, caller: Reader, services: ServicesDep, base_url: BaseUrl
) -> Response:
    """One schedule."""
    row = _find(services, caller.organization, schedule_id)
    return send_json(request, _shape(services, row, base_url))


@router.patch(
    "/{schedule_id}",
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=body_of(SchedulePatch, {"schedule": {"cron": "0 8 1 * *"}, "enabled": True}),
)
def change_schedule(
    schedule_id: ScheduleId, *, caller: ScheduleWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl
) -> ScheduleAnswer:
    """Change parts of it, enable or disable it. A tick that is due already is dealt with first, by the old order."""
    validated(SchedulePatch, body)
    before = _find(services, caller.organization, schedule_id)
    row = scheduling.change_schedule(services.settings, services.registry, before, body, now=services.now())
    return _shape(services, row, base_url)


@router.delete("/{schedule_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
def delete_schedule(schedule_id: ScheduleId, caller: ScheduleWriter, services: ServicesDep) -> None:
    """End it. Reports it ordered stay, and are still delivered."""
    before = _find(services, caller.organization, schedule_id)
    services.registry.schedules.delete_schedule(before, now=services.now())


@router.post(
    "/{schedule_id}/run",
    status_code=202,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT),
)
def run_schedule(
    schedule_id: ScheduleId, *, caller: ScheduleWriter, services: ServicesDep, base_url: BaseUrl, response: Response
) -> RunNowAnswer:
    """Order its report now, out of turn, and deliver it as always."""
    schedule = _find(services, caller.organization, schedule_id)
    report_id = scheduling.run_schedule_now(services.settings, services.registry, schedule, now=services.now())
    _start(services, report_id)
    url = f"{base_url}/v1/reports/{report_id}"
    response.headers["Location"] = url
    return RunNowAnswer(schedule_id=schedule_id, report_id=report_id, status="pending", progress_url=url)


@router.get("/{schedule_id}/runs", response_model=RunList, responses=errors_of(codes.PATH_NOT_FOUND))
def list_runs(
    schedule_id: ScheduleId,
    request: Request,
    *,
    caller: Reader,
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
    base_url: BaseUrl,
) -> Response:
    """Every tick that was dealt with, newest first: its report, or why it was skipped."""
    row = _find(services, caller.organization, schedule_id)
    ticks, total = services.registry.schedules.list_ticks(row.id, limit=query.limit, offset=query.offset)
    page = page_of(total, query.limit, query.offset, len(ticks))
    return send_json(request, RunList(runs=[shape_run(tick, base_url) for tick in ticks], pagination=page))


def _find(services: Services, organization: str, schedule_id: str) -> ScheduleRow:
    with _found():
        return services.registry.schedules.get_schedule(organization, schedule_id)


def _shape(services: Services, row: ScheduleRow, base_url: str) -> ScheduleAnswer:
    last = services.registry.schedules.last_runs([row.id]).get(row.id)
    return shape_schedule(row, last, now=services.now(), base_url=base_url)


def _start(services: Services, report_id: str) -> None:
    """At once where Dagster answers; else its own sensor starts the report a little later."""
    report = services.registry.reports.find_report(report_id)
    try:
        run_id = services.start_run(report, order_from_json(report.order))
    except UnavailableError as error:
        _log.warning("cannot start now", extra={"report_id": report_id, "reason": str(error)})
        return
    services.registry.reports.set_run(report_id, run_id)


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise ApiError(codes.PATH_NOT_FOUND, "No such schedule; GET /v1/reports/schedules lists all") from None
