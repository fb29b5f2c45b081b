"""Response bodies and query parameters of deliveries."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import Field

from api.platform.listing import GivenMoment, PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.channels.registry import installed_channels
from policycortex.names import DeliveryStatus

if TYPE_CHECKING:
    Channel = StrEnum
else:
    Channel = StrEnum("Channel", {name.upper(): name for name in installed_channels().names})
    Channel.__doc__ = "Delivery channels: fields of the ``delivery`` object and values of a connection's ``type``."


class DeliveryQuery(PageQuery):
    """Filters of the list."""

    status: DeliveryStatus | None = None
    channel: Channel | None = None
    report_id: str | None = Field(default=None, max_length=64, description="Of this report")
    schedule_id: str | None = Field(default=None, max_length=64, description="Of reports of this schedule")
    target: str | None = Field(
        default=None,
        max_length=2000,
        description="To exactly this address, channel, URL or folder, as `target` of a delivery has it",
        examples=["auditor@example.com"],
    )
    created_after: GivenMoment | None = Field(
        default=None, description="Created at or after; RFC 3339 with a time zone"
    )
    created_before: GivenMoment | None = Field(default=None, description="Created before; RFC 3339 with a time zone")


class AttemptAnswer(ResponseModel):
    """One attempt to deliver."""

    number: int
    started_at: Moment
    ended_at: Moment | None
    outcome: str | None = Field(
        description="sent, refused, deferred, unreached, uncertain, withheld or lost; null while it goes on"
    )
    answer: str
    payload_sha256: str | None


class DeliveryAnswer(ResponseModel):
    """The delivery of one report to one destination, with its receipt."""

    id: str = Field(examples=["dlv_1234567890abcdef"])
    report_id: str
    schedule_id: str | None
    channel: str
    connection: str
    target: str
    status: DeliveryStatus
    attempt_count: int
    next_attempt_at: Moment | None
    created_at: Moment
    ended_at: Moment | None
    reason: str | None
    receipt: dict[str, Any] | None
    attempts: list[AttemptAnswer] | None = Field(description="Only in the delivery's own details")


class DeliveryList(ResponseModel):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryAnswer]
    pagination: Pagination


class RequestedDeliveries(ResponseModel):
    """The deliveries of the requested destinations."""

    deliveries: list[DeliveryAnswer]
