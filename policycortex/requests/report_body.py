"""The documented body of ``POST /v1/reports`` as Pydantic models; ``body`` has the parts that schedules share.

Validation needs the context of ``body``, and that of ``destinations`` where connections are checked.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from policycortex.channels.registry import installed_channels
from policycortex.field_types import Email, Line, Moment, Strict, Text, refuse
from policycortex.requests.basis import KnownOn
from policycortex.requests.body import CROSSWALK_FIELD, FormatOptionsBody
from policycortex.requests.destinations import Destinations, body_with_channels
from policycortex.requests.report_kind import (
    FRAMEWORKS_FIELD,
    KnownEdition,
    KnownFramework,
    KnownFrameworks,
    KnownType,
    check_formats_of,
    check_scope_of,
)
from policycortex.requests.scope_body import ScopeBody


class NotificationsBody(Strict):
    """Who gets an e-mail when the report is completed."""

    email: list[Email] = Field(default=[], max_length=100)


class OrderDelivery(Destinations):
    """When the report is produced, at once or at ``scheduled_at``, and where it is sent then.

    A time in the past means at once.
    """

    scheduled_at: Moment | None = None
    immediate: bool | None = None
    notifications: NotificationsBody = NotificationsBody()

    @field_validator("immediate")
    @classmethod
    def _agrees(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is True and info.data.get("scheduled_at") is not None:
            raise refuse("immediate is true but scheduled_at names a time; omit one of them")
        if value is False and "scheduled_at" in info.data and info.data["scheduled_at"] is None:
            raise refuse("immediate is false: scheduled_at must name a time")
        return value


if TYPE_CHECKING:
    DeliveryBody = OrderDelivery
else:
    DeliveryBody = body_with_channels("DeliveryBody", OrderDelivery, installed_channels())


class ReportBody(Strict):
    """Body of ``POST /v1/reports``, and of the command line's request file."""

    name: Line = Field(
        max_length=200, json_schema_extra={"minLength": 1, "pattern": r"\S"}, examples=["Monthly Security Assessment"]
    )
    type: KnownType = Field(examples=["audit"])
    framework: KnownFramework | None = Field(default=None, examples=["iso27001"], description="Absent: all findings")
    frameworks: KnownFrameworks = FRAMEWORKS_FIELD
    crosswalk: KnownEdition = CROSSWALK_FIELD
    description: Text = Field(default="", max_length=2000)
    scope: Annotated[ScopeBody, AfterValidator(check_scope_of)]
    known_on: KnownOn | None = None
    format_options: Annotated[FormatOptionsBody, AfterValidator(check_formats_of)] = FormatOptionsBody()
    delivery: DeliveryBody = DeliveryBody()
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        default=None, description="Days after which the report expires; by default as configured for the organisation"
    )
