"""``/v1/deliveries``: the ledger of what went where, with proof; and the replay of what did not arrive."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.platform import error_codes as codes
from api.platform.auth import Reader, ScheduleWriter
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError
from api.platform.listing import PageQuery
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.schedules.presenters import DeliveryAnswer, DeliveryList, page_of, shape_delivery
from policycortex.channels.model import Channel
from policycortex.errors import NotFoundError
from policycortex.storage.registry.schedule_rows import DeliveryStatus

router: Final = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[str, Path(max_length=64, examples=["dlv_1234567890abcdef"])]


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    status: DeliveryStatus | None = None
    channel: Channel | None = None
    report_id: str | None = Field(default=None, max_length=64)
    schedule_id: str | None = Field(default=None, max_length=64)


@router.get("", response_model=DeliveryList, responses=errors_of())
def list_deliveries(
    request: Request, caller: Reader, query: Annotated[DeliveryQuery, Query()], services: ServicesDep
) -> Response:
    """The organisation's deliveries, newest first; ``status=failed`` are the dead letters."""
    rows, total = services.registry.deliveries.list_deliveries(
        caller.organization,
        status=query.status,
        channel=query.channel.value if query.channel is not None else None,
        report_id=query.report_id,
        schedule_id=query.schedule_id,
        limit=query.limit,
        offset=query.offset,
    )
    page = page_of(total, query.limit, query.offset, len(rows))
    return send_json(request, DeliveryList(deliveries=[shape_delivery(row) for row in rows], pagination=page))


@router.get("/{delivery_id}", response_model=DeliveryAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_delivery(delivery_id: DeliveryId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One delivery with every attempt, the destination's answers, and the digest of what was sent."""
    with _found():
        row = services.registry.deliveries.get_delivery(caller.organization, delivery_id)
    return send_json(request, shape_delivery(row, has_attempts=True))


@router.post("/{delivery_id}/replay", status_code=202, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
def replay_delivery(delivery_id: DeliveryId, caller: ScheduleWriter, services: ServicesDep) -> DeliveryAnswer:
    """Send a failed, uncertain or withheld delivery again, from the start; its condition is not asked again."""
    with _found():
        row = services.registry.deliveries.replay_delivery(caller.organization, delivery_id, now=services.now())
    return shape_delivery(row, has_attempts=True)


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise ApiError(codes.PATH_NOT_FOUND, "No such delivery; GET /v1/deliveries lists all") from None
