"""``/v1/deliveries``: the record of all deliveries with receipts, and the replay of failed ones."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited
from api.platform.auth import Reader, ScheduleWriter
from api.platform.dependencies import ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import errors_of
from api.platform.responses import page_of, send_json
from api.v1.deliveries.presenters import present_delivery
from api.v1.deliveries.schemas import DeliveryAnswer, DeliveryList, DeliveryQuery

router: Final = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[str, Path(max_length=64, examples=["dlv_1234567890abcdef"])]

_NOT_FOUND: Final = "No such delivery; GET /v1/deliveries lists all"


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
        reader=caller.reader,
        limit=query.limit,
        offset=query.offset,
    )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(rows))
    return send_json(request, DeliveryList(deliveries=[present_delivery(row) for row in rows], pagination=page))


@router.get("/{delivery_id}", response_model=DeliveryAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_delivery(delivery_id: DeliveryId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One delivery with every attempt, the receiver's answers, and the digest of what was sent."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.deliveries.get_delivery(caller.organization, delivery_id, reader=caller.reader)
    return send_json(request, present_delivery(row, has_attempts=True))


@router.post("/{delivery_id}/replay", status_code=202, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("delivery_replayed")
def replay_delivery(delivery_id: DeliveryId, caller: ScheduleWriter, services: ServicesDep) -> DeliveryAnswer:
    """Send a failed, uncertain or withheld delivery again, with all its attempts; its condition is not evaluated."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.deliveries.replay_delivery(
            caller.organization, delivery_id, reader=caller.reader, now=services.now()
        )
    return present_delivery(row, has_attempts=True)
