"""Destinations of a report: the ``delivery`` object of a schedule, and the rows that the database keeps.

Rows hold names of connections, never credentials. Validation needs ``connections`` and ``organization`` in the context.
A channel without a connection is accepted: the delivery then fails with that reason, and can be replayed once a
connection exists.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import Field, ValidationInfo, create_model, field_validator, model_validator

from policycortex.channels.channel import Channel
from policycortex.channels.connections import Connections
from policycortex.channels.model import Destination
from policycortex.channels.registry import ChannelRegistry, installed_channels
from policycortex.channels.request_bodies import ChannelBody
from policycortex.delivery.conditions import Condition
from policycortex.errors import NotFoundError
from policycortex.field_types import Strict, refuse
from policycortex.requests.body import one_of
from policycortex.storage.registry.schedule_rows import NewDelivery

_Base = TypeVar("_Base", bound="Destinations")


class ConditionBody(Strict):
    """When a scheduled report is sent. The report itself is made in any case."""

    type: Condition = Condition.ALWAYS
    threshold: Annotated[float, Field(ge=0, le=100)] | None = Field(default=None, description="For score_below")
    hours: Annotated[int, Field(ge=1, le=8760)] | None = Field(
        default=None, description="For fresh_within: how old the newest scan of each account may be"
    )

    @field_validator("type", mode="before")
    @classmethod
    def _type(cls, value: object) -> object:
        return one_of(Condition, value)

    @model_validator(mode="after")
    def _has_its_limit(self) -> "ConditionBody":
        if (self.type is Condition.SCORE_BELOW) != (self.threshold is not None):
            raise refuse("threshold goes with score_below, and score_below needs it")
        if (self.type is Condition.FRESH_WITHIN) != (self.hours is not None):
            raise refuse("hours goes with fresh_within, and fresh_within needs it")
        return self


class Destinations(Strict):
    """Any number of channels; without any, the report is only available for download."""

    registry: ClassVar[ChannelRegistry]

    @model_validator(mode="after")
    def _connections_fit(self, info: ValidationInfo) -> "Destinations":
        if info.context is None or "connections" not in info.context:
            return self  # a stored body: it was checked when it was accepted, and each delivery reports what is missing
        connections: Connections = info.context["connections"]
        for channel, body in self.channels():
            name = _connection_name(connections, channel, body.connection, info.context["organization"])
            connection = connections.connections.get(name or "")
            problem = body.problem_with(connection)
            if problem is None and connection is not None and not connections.has_links:
                problem = connection.problem_without_links(None)
            if problem is not None:
                raise refuse(problem)
            targets = body.targets_over(connection)
            refused = [t.address for t in targets if connection and not connection.allows_target(t.address)]
            if refused:
                raise refuse(f"The connection {name} does not allow {refused[0]}; ask its administrator to add it")
        return self

    def channels(self) -> Iterator[tuple[Channel[Any], ChannelBody]]:
        """The requested channels, in the order of the registry."""
        for channel in self.registry:
            body: ChannelBody | None = getattr(self, channel.name)
            if body is not None:
                yield channel, body


class ScheduleDelivery(Destinations):
    """Any number of channels; without any, the report is only available for download."""

    condition: ConditionBody | None = None


def body_with_channels(name: str, base: type[_Base], channels: ChannelRegistry) -> type[_Base]:
    """``base`` as a model of that name, with one optional field for each channel."""
    fields: dict[str, Any] = {channel.name: (channel.body | None, None) for channel in channels}
    model = create_model(name, __base__=base, __doc__=base.__doc__, **fields)
    model.registry = channels
    return model


@cache
def schedule_delivery_body(channels: ChannelRegistry) -> type[ScheduleDelivery]:
    """The model of a schedule's ``delivery`` object."""
    return body_with_channels("ScheduleDeliveryBody", ScheduleDelivery, channels)


if TYPE_CHECKING:
    ScheduleDeliveryBody = ScheduleDelivery
    DestinationsBody = Destinations
else:
    ScheduleDeliveryBody = schedule_delivery_body(installed_channels())
    DestinationsBody = body_with_channels("DestinationsBody", Destinations, installed_channels())


def deliveries_of(body: Destinations, connections: Connections, organization: str) -> tuple[NewDelivery, ...]:
    """One row per target of each channel."""
    given = body.condition if isinstance(body, ScheduleDelivery) else None
    condition = given.model_dump(mode="json") if given is not None else None
    return tuple(
        row
        for channel, channel_body in body.channels()
        for row in _new_deliveries(channel, channel_body, connections, organization, condition)
    )


def problem_of_size(new: NewDelivery, connections: Connections, total_bytes: int) -> str | None:
    """Why files of this total size cannot be delivered there; None if they can, or the connection is missing."""
    connection = connections.connections.get(new.connection)
    if connection is None or connections.has_links:
        return None
    return connection.problem_without_links(total_bytes)


def mail_deliveries(emails: tuple[str, ...], connections: Connections, organization: str) -> tuple[NewDelivery, ...]:
    """Rows for the checked addresses of ``delivery.notifications.email`` in a report request."""
    if not emails:
        return ()
    channel = connections.channels.get("email")
    body = channel.body.model_validate({"recipients": list(emails)})
    return tuple(_new_deliveries(channel, body, connections, organization, None))


def find_connection(connections: Connections, channel: str, requested: str | None, organization: str) -> str:
    """The connection's name; if none fits, the requested name or the channel's, for a connection to be added later."""
    try:
        return connections.name_for(channel, requested, organization)
    except NotFoundError:
        return requested or channel


def destination_to_json(destination: Destination) -> dict[str, Any]:
    """JSON types only; ``destination_from_json`` reads it."""
    rare = {
        "file_name": destination.file_name,
        "shown_to": [*destination.shown_to],
        "shown_cc": [*destination.shown_cc],
    }
    return {name: value for name, value in rare.items() if value} | {
        "channel": destination.channel,
        "connection": destination.connection,
        "target": destination.target,
        "subject": destination.subject,
        "message": destination.message,
    }


def destination_from_json(stored: Mapping[str, Any]) -> Destination:
    """The value that ``destination_to_json`` wrote."""
    lists = {name: tuple(stored[name]) for name in ("shown_to", "shown_cc") if name in stored}
    return Destination(**dict(stored) | lists)


def _new_deliveries(
    channel: Channel[Any],
    body: ChannelBody,
    connections: Connections,
    organization: str,
    condition: Mapping[str, Any] | None,
) -> Iterator[NewDelivery]:
    connection = find_connection(connections, channel.name, body.connection, organization)
    for target in body.targets_over(connections.connections.get(connection)):
        destination = Destination(
            channel=channel.name,
            connection=connection,
            target=target.address,
            subject=target.subject,
            message=target.message,
            file_name=target.file_name,
            shown_to=target.shown_to,
            shown_cc=target.shown_cc,
        )
        yield NewDelivery(
            destination=destination_to_json(destination),
            key=destination.key,
            channel=destination.channel,
            connection=destination.connection,
            target=destination.target,
            condition=condition,
        )


def _connection_name(
    connections: Connections, channel: Channel[Any], requested: str | None, organization: str
) -> str | None:
    """The connection's name; None if none exists and none is requested."""
    if requested is None and not connections.names_for(channel.name, organization):
        return None
    try:
        return connections.name_for(channel.name, requested, organization)
    except NotFoundError as error:
        raise refuse(f"{channel.name}.connection: {error}") from None
