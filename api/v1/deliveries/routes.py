"""``/v1/deliveries``: the record of all deliveries with receipts, and the replay of failed ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

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
from policycortex.channels.registry import installed_channels
from policycortex.errors import NotFoundError
from policycortex.storage.registry.schedule_rows import DeliveryStatus

router: Final = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

DeliveryId = Annotated[str, Path(max_length=64, examples=["dlv_1234567890abcdef"])]


if TYPE_CHECKING:
    Channel = StrEnum
else:
    Channel = StrEnum("Channel", {name.upper(): name for name in installed_channels().names})
    Channel.__doc__ = "Delivery channels: fields of the ``delivery`` object and values of a connection's ``type``."


class DeliveryQuery(PageQuery):
    """Filters of the list."""

    status: DeliveryStatus | None = None
    channel: Channel | None = None
    report_id: str | None = Field(default=None, max_length=64)
    schedule_id: str | None = Field(default=None, max_length=64)


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
        limit=query.limit,
        offset=query.offset,
    )
    page = page_of(total, query.limit, query.offset, len(rows))
    return send_json(request, DeliveryList(deliveries=[shape_delivery(row) for row in rows], pagination=page))


@router.get("/{delivery_id}", response_model=DeliveryAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_delivery(delivery_id: DeliveryId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One delivery with every attempt, the receiver's answers, and the digest of what was sent."""
    with _found():
        row = services.registry.deliveries.get_delivery(caller.organization, delivery_id)
    return send_json(request, shape_delivery(row, has_attempts=True))


@router.post("/{delivery_id}/replay", status_code=202, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
def replay_delivery(delivery_id: DeliveryId, caller: ScheduleWriter, services: ServicesDep) -> DeliveryAnswer:
    """Send a failed, uncertain or withheld delivery again, with all its attempts; its condition is not evaluated."""
    with _found():
        row = services.registry.deliveries.replay_delivery(caller.organization, delivery_id, now=services.now())
    return shape_delivery(row, has_attempts=True)


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise ApiError(codes.PATH_NOT_FOUND, "No such delivery; GET /v1/deliveries lists all") from None
