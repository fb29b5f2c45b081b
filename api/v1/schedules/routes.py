"""``/v1/reports/schedules``: create, read, change, run and delete schedules."""

import logging
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import Principal, Reader, ScheduleWriter
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.idempotency import IdempotencyKey, create_once
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.platform.services import Services
from api.v1.schedules.presenters import present_parts, present_run, present_schedule
from api.v1.schedules.schemas import (
    RunList,
    RunNowAnswer,
    ScheduleAnswer,
    ScheduleList,
    SchedulePatch,
    ScheduleQuery,
    SplitPartList,
    TemplateList,
)
from policycortex.errors import UnavailableError
from policycortex.requests import request_from_json
from policycortex.requests.parsing import validated
from policycortex.requests.schedules import ScheduleBody
from policycortex.requests.single_deliveries import ScheduleTestBody
from policycortex.scheduling.templates import load_schedule_templates
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.workflow import scheduling

router: Final = APIRouter(prefix="/v1/reports/schedules", tags=["schedules"])

ScheduleId = Annotated[str, Path(max_length=64, examples=["sch_1234567890abcdef"])]

_log = logging.getLogger("policycortex.api")
_NOT_FOUND: Final = "No such schedule; GET /v1/reports/schedules lists all"
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
            "recipients": ["ceo@example.com", "cto@example.com"],
            "subject": "Monthly Compliance Report - {{date}}",
        },
        "slack": {"channel": "#executive-reports"},
    },
    "enabled": False,
}


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=body_of(ScheduleBody, _EXAMPLE),
)
@audited("schedule_created")
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
    """Request a report at every tick of a cron expression in a time zone, and deliver it."""
    registry, now = services.registry, services.now()

    def create(schedule_id: str) -> ScheduleAnswer:
        row = registry.schedules.find_schedule_or_none(schedule_id) or scheduling.create_schedule(
            services.settings,
            registry,
            body,
            schedule_id=schedule_id,
            organization=caller.organization,
            created_by=caller.key.id,
            now=now,
        )
        return present_schedule(row, None, now=now, base_url=base_url)

    created = create_once(
        services,
        request,
        response,
        caller=caller,
        key=idempotency_key,
        body=body,
        fresh_id=f"sch_{secrets.token_hex(8)}",
        create=create,
        exists=lambda id_: registry.schedules.find_schedule_or_none(id_) is not None,
        schema=ScheduleAnswer,
    )
    response.headers["Location"] = f"{base_url}/v1/reports/schedules/{created.id}"
    return created


@router.get("", response_model=ScheduleList, responses=errors_of())
def list_schedules(
    request: Request,
    *,
    caller: Reader,
    query: Annotated[ScheduleQuery, Query()],
    services: ServicesDep,
    base_url: BaseUrl,
) -> Response:
    """The organisation's schedules, newest first, each with its next five runs and its last run."""
    registry, now = services.registry, services.now()
    rows, total = registry.schedules.list_schedules(
        caller.organization,
        is_enabled=query.enabled,
        text=query.q,
        created_by=query.created_by,
        limit=query.limit,
        offset=query.offset,
    )
    last = registry.schedules.last_runs([row.id for row in rows], reader=caller.reader)
    presented = [present_schedule(row, last.get(row.id), now=now, base_url=base_url) for row in rows]
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(rows))
    return send_json(request, ScheduleList(schedules=presented, pagination=page))


@router.get("/templates", response_model=TemplateList, responses=errors_of())
def list_templates(request: Request, caller: Reader) -> Response:  # noqa: ARG001 - the route requires a key
    """Schedule templates, from daily to annual. Add a delivery to create a schedule from one."""
    return send_json(request, TemplateList(templates=list(load_schedule_templates())))


@router.get("/{schedule_id}", response_model=ScheduleAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_schedule(
    schedule_id: ScheduleId, request: Request, *, caller: Reader, services: ServicesDep, base_url: BaseUrl
) -> Response:
    """One schedule."""
    row = _find(services, caller.organization, schedule_id)
    return send_json(request, _present(services, caller, row, base_url))


@router.patch(
    "/{schedule_id}",
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=body_of(SchedulePatch, {"schedule": {"cron": "0 8 1 * *"}, "enabled": True}),
)
@audited("schedule_changed")
def change_schedule(
    schedule_id: ScheduleId, *, caller: ScheduleWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl
) -> ScheduleAnswer:
    """Change parts of it, enable or disable it. A tick that is already due is handled first, as it was configured."""
    validated(SchedulePatch, body)
    before = _find(services, caller.organization, schedule_id)
    row = scheduling.change_schedule(services.settings, services.registry, before, body, now=services.now())
    return _present(services, caller, row, base_url)


@router.delete("/{schedule_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("schedule_deleted")
def delete_schedule(schedule_id: ScheduleId, caller: ScheduleWriter, services: ServicesDep) -> None:
    """Delete it, and cancel its deliveries that wait to be sent. Reports that it requested stay."""
    before = _find(services, caller.organization, schedule_id)
    cancelled_count = services.registry.schedules.delete_schedule(before, now=services.now())
    note(details={"deliveries_cancelled": cancelled_count})


@router.post(
    "/{schedule_id}/run",
    status_code=202,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT),
)
@audited("schedule_run")
def run_schedule(
    schedule_id: ScheduleId, *, caller: ScheduleWriter, services: ServicesDep, base_url: BaseUrl, response: Response
) -> RunNowAnswer:
    """Request its report now, or the report of each part, and deliver them as configured."""
    schedule = _find(services, caller.organization, schedule_id)
    report_ids = scheduling.run_schedule_now(services.settings, services.registry, schedule, now=services.now())
    for report_id in report_ids:
        _start(services, report_id)
    first, url = report_ids[0], f"{base_url}/v1/reports/{report_ids[0]}"
    response.headers["Location"] = url
    return RunNowAnswer(
        schedule_id=schedule_id, report_id=first, report_ids=list(report_ids), status="pending", progress_url=url
    )


@router.get("/{schedule_id}/parts", response_model=SplitPartList, responses=errors_of(codes.PATH_NOT_FOUND))
def list_parts(schedule_id: ScheduleId, request: Request, *, caller: Reader, services: ServicesDep) -> Response:
    """The reports that a run now would make: which accounts or environments, how many findings, and for whom."""
    row = _find(services, caller.organization, schedule_id)
    preview = scheduling.preview_schedule_parts(services.settings, services.registry, row, now=services.now())
    return send_json(request, present_parts(preview))


@router.post(
    "/{schedule_id}/test",
    status_code=202,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, body=True),
    openapi_extra=body_of(ScheduleTestBody, {"delivery": {"email": {"recipients": ["me@example.com"]}}}),
)
@audited("schedule_tested")
def test_schedule(
    schedule_id: ScheduleId,
    *,
    caller: ScheduleWriter,
    body: JsonObject,
    services: ServicesDep,
    base_url: BaseUrl,
    response: Response,
) -> RunNowAnswer:
    """Request its report now and deliver it to the given destinations only. It is not one of the schedule's runs, and
    conditions do not compare with it."""
    schedule = _find(services, caller.organization, schedule_id)
    report_id = scheduling.request_test_report(
        services.settings, services.registry, schedule, body, created_by=caller.key.id, now=services.now()
    )
    note(details={"report": report_id})
    _start(services, report_id)
    url = f"{base_url}/v1/reports/{report_id}"
    response.headers["Location"] = url
    return RunNowAnswer(
        schedule_id=schedule_id, report_id=report_id, report_ids=[report_id], status="pending", progress_url=url
    )


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
    """Every handled tick, newest first: its report, or why it was skipped."""
    row = _find(services, caller.organization, schedule_id)
    ticks, total = services.registry.schedules.list_ticks(
        row.id, reader=caller.reader, limit=query.limit, offset=query.offset
    )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(ticks))
    return send_json(request, RunList(runs=[present_run(tick, base_url) for tick in ticks], pagination=page))


def _find(services: Services, organization: str, schedule_id: str) -> ScheduleRow:
    with not_found_as(_NOT_FOUND):
        return services.registry.schedules.get_schedule(organization, schedule_id)


def _present(services: Services, caller: Principal, row: ScheduleRow, base_url: str) -> ScheduleAnswer:
    last = services.registry.schedules.last_runs([row.id], reader=caller.reader).get(row.id)
    return present_schedule(row, last, now=services.now(), base_url=base_url)


def _start(services: Services, report_id: str) -> None:
    """Start the run at once. While Dagster is unavailable, its sensor starts it later."""
    report = services.registry.reports.find_report(report_id)
    try:
        run_id = services.start_run(report, request_from_json(report.order))
    except UnavailableError as error:
        _log.warning("cannot start the run now", extra={"report_id": report_id, "reason": str(error)})
        return
    services.registry.reports.set_run(report_id, run_id)
