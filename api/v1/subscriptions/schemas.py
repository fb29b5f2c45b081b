"""Response bodies of subscriptions and their events."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.names import EventKind, EventStatus


class SubscriptionAnswer(ResponseModel):
    """Events of some kinds, sent to one webhook."""

    id: str = Field(description="Id of the subscription", examples=["sub_0123456789abcdef"])
    name: str = Field(description="What it is for", examples=["Incident desk"])
    events: list[EventKind] = Field(validation_alias="kinds", description="Kinds of events that are sent")
    connection: str = Field(description="The webhook connection", examples=["incidents"])
    url: str | None = Field(description="The receiver; null: the connection's own", examples=[None])
    created_at: Moment = Field(description="Events from then on are sent")
    created_by: str = Field(description="Id of the key that made it", examples=["key_0123456789abcdef"])


class SubscriptionList(ResponseModel):
    """A page of subscriptions, newest first."""

    subscriptions: list[SubscriptionAnswer] = Field(description="The subscriptions of the page")
    pagination: Pagination


class SubscribedEvent(ResponseModel):
    """One event of a subscription."""

    id: str = Field(
        validation_alias="event_id",
        description="Id of the event, the `webhook-id` of all its attempts",
        examples=["evt_0123456789abcdef0123456789abcdef"],
    )
    event: EventKind = Field(validation_alias="kind", description="Kind of the event")
    occurred_at: Moment = Field(description="When it happened")
    status: EventStatus = Field(description="`failed`: refused, or given up; it can be replayed")
    attempt_count: int = Field(description="Attempts since it happened or was replayed")
    next_attempt_at: Moment | None = Field(description="When it is tried next; null once it has ended")
    ended_at: Moment | None = Field(description="When it was sent or given up")
    answer: str = Field(description="What the receiver answered, or why there was no answer")
    data: Mapping[str, Any] = Field(description="What is sent as `data`")


class SubscribedEventList(ResponseModel):
    """A page of events, newest first. Ended ones are kept for ninety days."""

    events: list[SubscribedEvent] = Field(description="The events of the page")
    pagination: Pagination
