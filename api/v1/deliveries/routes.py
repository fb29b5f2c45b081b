"""``/v1/deliveries``: the record of all deliveries with receipts, new ones on request, cancelling and replaying."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.access_log import log_access
from api.platform.audit import audited, note
from api.platform.auth import Reader, ScheduleWriter
from api.platform.dependencies import JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.deliveries.presenters import present_delivery
from api.v1.deliveries.schemas import DeliveryAnswer, DeliveryList, DeliveryQuery, RequestedDeliveries
from policycortex.channels.connections import load_connections
from policycortex.requests.single_deliveries import DeliveryRequestBody, check_sizes, parse_delivery_request

router: Final = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[str, Path(max_length=64, examples=["dlv_1234567890abcdef"])]

_NOT_FOUND: Final = "No such delivery; GET /v1/deliveries lists all"
_EXAMPLE: Final = {
    "report_id": "rpt_1234567890abcdef",
    "delivery": {"email": {"recipients": ["auditor@example.com"]}},
}


@router.get("", response_model=DeliveryList, responses=errors_of())
def list_deliveries(
    request: Request, caller: Reader, query: Annotated[DeliveryQuery, Query()], services: ServicesDep
) -> Response:
    """The organisation's deliveries, newest first. ``status=failed`` lists those that were given up."""
    rows, total = services.registry.deliveries.list_deliveries(
        caller.organization,
        status=query.status,
        channel=query.channel.value if query.channel is not None else None,
        report_id=query.report_id,
        schedule_id=query.schedule_id,
        target=query.target,
        created_after=query.created_after,
        created_before=query.created_before,
        reader=caller.reader,
        limit=query.limit,
        offset=query.offset,
    )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(rows))
    return send_json(request, DeliveryList(deliveries=[present_delivery(row) for row in rows], pagination=page))


@router.post(
    "",
    status_code=202,
    response_model=RequestedDeliveries,
    responses=errors_of(codes.INVALID_CONFIG, codes.REPORT_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=body_of(DeliveryRequestBody, _EXAMPLE),
)
@audited("deliveries_requested")
def request_deliveries(caller: ScheduleWriter, body: JsonObject, services: ServicesDep) -> RequestedDeliveries:
    """Deliver an existing report to further destinations. A destination that the report has already is not sent to
    again; its delivery is in the answer as it is, and can be replayed."""
    connections = load_connections(services.settings)
    report_id, new = parse_delivery_request(body, connections=connections, organization=caller.organization)
    note(subject=report_id)
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    check_sizes(new, connections, sum(artifact.size_bytes for artifact in report.artifacts))
    rows = services.registry.deliveries.add_deliveries(
        caller.organization, report_id, new, reader=caller.reader, now=services.now()
    )
    note(details={"deliveries": [row.id for row in rows]})
    log_access(services, caller, report_id, "delivery_requested")
    return RequestedDeliveries(deliveries=[present_delivery(row) for row in rows])


@router.get("/{delivery_id}", response_model=DeliveryAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_delivery(delivery_id: DeliveryId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One delivery with every attempt, the receiver's answers, and the digest of what was sent."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.deliveries.get_delivery(caller.organization, delivery_id, reader=caller.reader)
    return send_json(request, present_delivery(row, has_attempts=True))


@router.post("/{delivery_id}/cancel", responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("delivery_cancelled")
def cancel_delivery(delivery_id: DeliveryId, caller: ScheduleWriter, services: ServicesDep) -> DeliveryAnswer:
    """Cancel a delivery that waits to be sent. Cancelling it again changes nothing; one that is being sent or has
    ended is refused."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.deliveries.cancel_delivery(
            caller.organization, delivery_id, reader=caller.reader, now=services.now()
        )
    return present_delivery(row, has_attempts=True)


@router.post("/{delivery_id}/replay", status_code=202, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("delivery_replayed")
def replay_delivery(delivery_id: DeliveryId, caller: ScheduleWriter, services: ServicesDep) -> DeliveryAnswer:
    """Send a failed, uncertain, withheld or cancelled delivery again, without its condition."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.deliveries.replay_delivery(
            caller.organization, delivery_id, reader=caller.reader, now=services.now()
        )
    return present_delivery(row, has_attempts=True)
