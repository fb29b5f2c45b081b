"""Where a report goes, as a request says it, and as the registry keeps it: names of connections, never credentials.

Validation needs ``connections`` and ``organization`` in the context. A channel that no connection serves yet is
accepted: the ledger tells what is missing when a delivery is due, and a replay sends it once it is there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from policycortex.channels.connections import Connections, WebhookConnection
from policycortex.channels.http_client import check_url
from policycortex.channels.model import Channel, Destination
from policycortex.channels.patterns import pattern_problem
from policycortex.delivery.conditions import Condition
from policycortex.errors import DeliveryRefusedError, NotFoundError
from policycortex.field_types import Email, Line, Strict, Text, refuse
from policycortex.requests.body import one_of
from policycortex.storage.registry.schedule_rows import NewDelivery

_SLACK_CHANNEL: Final = re.compile(r"#[^\s#@,:/]{1,80}|[CDGU][A-Z0-9]{8,20}")


def _check_line(value: str) -> str:
    return _checked(value, is_one_line=True)


def _check_paragraph(value: str) -> str:
    return _checked(value, is_one_line=False)


PatternLine = Annotated[Line, AfterValidator(_check_line)]
PatternText = Annotated[Text, AfterValidator(_check_paragraph)]


class _ChannelBody(Strict):
    """What all channels have."""

    connection: str | None = Field(
        default=None, max_length=63, description="Name of a connection of the installation; needed where it has several"
    )


class EmailBody(_ChannelBody):
    """One mail for each recipient, with the files attached, or linked when they are too large."""

    recipients: list[Email] = Field(min_length=1, max_length=100, examples=[["ceo@company.com", "cto@company.com"]])
    subject: PatternLine | None = Field(default=None, max_length=300, examples=["Monthly Compliance Report - {{date}}"])
    message: PatternText = Field(default="", max_length=2000)


class SlackBody(_ChannelBody):
    """A message in a channel, the files in its thread."""

    channel: Line = Field(max_length=100, examples=["#executive-reports"])
    message: PatternText = Field(default="", max_length=2000)

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if not _SLACK_CHANNEL.fullmatch(value):
            raise refuse("Is not a Slack channel; write #name, or the channel's id such as C024BE91L")
        return value


class TeamsBody(_ChannelBody):
    """An Adaptive Card with links."""

    message: PatternText = Field(default="", max_length=2000)


class WebhookBody(_ChannelBody):
    """A signed event to a URL; without one, to the connection's."""

    url: str | None = Field(default=None, max_length=2000, examples=["https://hooks.company.com/compliance"])

    @field_validator("url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_url(value)
        except DeliveryRefusedError as error:
            raise refuse(str(error)) from None
        return value


class FilesBody(_ChannelBody):
    """Files under names made of a pattern; each format's extension is added."""

    path: PatternLine | None = Field(default=None, max_length=500, examples=["compliance/{{framework}}/{{date}}"])


class ConditionBody(Strict):
    """When a scheduled report is worth sending; it is made in any case."""

    type: Condition = Condition.ALWAYS
    threshold: Annotated[float, Field(ge=0, le=100)] | None = Field(default=None, description="For score_below")

    @field_validator("type", mode="before")
    @classmethod
    def _type(cls, value: object) -> object:
        return one_of(Condition, value)

    @model_validator(mode="after")
    def _has_threshold(self) -> "ConditionBody":
        if (self.type is Condition.SCORE_BELOW) != (self.threshold is not None):
            raise refuse("threshold goes with score_below, and score_below needs it")
        return self


class ScheduleDeliveryBody(Strict):
    """Any number of channels; none at all leaves the report to be downloaded."""

    email: EmailBody | None = None
    slack: SlackBody | None = None
    teams: TeamsBody | None = None
    webhook: WebhookBody | None = None
    sftp: FilesBody | None = None
    s3: FilesBody | None = None
    azure_blob: FilesBody | None = None
    gcs: FilesBody | None = None
    condition: ConditionBody | None = None

    @model_validator(mode="after")
    def _connections_fit(self, info: ValidationInfo) -> "ScheduleDeliveryBody":
        if info.context is None or "connections" not in info.context:
            return self  # checked when it was taken; what has gone since is the ledger's to tell
        for channel, body in self.channels():
            name = _connection_of(channel, body.connection, info)
            if isinstance(body, WebhookBody) and body.url is None and not _has_url(name, info):
                raise refuse("webhook needs a url, or a connection that has one")
        return self

    def channels(self) -> "Iterator[tuple[Channel, _ChannelBody]]":
        """The channels that were asked for."""
        for channel in Channel:
            body = getattr(self, channel.value)
            if body is not None:
                yield channel, body


def deliveries_of(body: ScheduleDeliveryBody, connections: Connections, organization: str) -> tuple[NewDelivery, ...]:
    """One row per destination; one per recipient of mail, so that each person's outcome is known."""
    condition = body.condition.model_dump(mode="json") if body.condition is not None else None
    made = []
    for channel, wanted in body.channels():
        name = find_connection(connections, channel, wanted.connection, organization)
        made += [_new(destination, condition) for destination in _destinations(channel, wanted, name)]
    return tuple(made)


def mail_deliveries(emails: tuple[str, ...], connections: Connections, organization: str) -> tuple[NewDelivery, ...]:
    """``delivery.notifications.email`` of an order."""
    if not emails:
        return ()
    body = ScheduleDeliveryBody.model_construct(email=EmailBody.model_construct(recipients=list(emails)))
    return deliveries_of(body, connections, organization)


def find_connection(connections: Connections, channel: Channel, named: str | None, organization: str) -> str:
    """The connection's name; the channel's own word where none is configured yet."""
    try:
        return connections.name_for(channel, named, organization)
    except NotFoundError:
        return named or channel.value


def destination_to_json(destination: Destination) -> dict[str, str]:
    """JSON types only; ``destination_from_json`` takes it back."""
    return {
        "channel": destination.channel.value,
        "connection": destination.connection,
        "target": destination.target,
        "subject": destination.subject,
        "message": destination.message,
    }


def destination_from_json(stored: Mapping[str, Any]) -> Destination:
    """The value that ``destination_to_json`` wrote."""
    return Destination(**dict(stored) | {"channel": Channel(stored["channel"])})


def _new(destination: Destination, condition: Mapping[str, Any] | None) -> NewDelivery:
    return NewDelivery(
        destination=destination_to_json(destination),
        key=destination.key,
        channel=destination.channel.value,
        connection=destination.connection,
        target=destination.target,
        condition=condition,
    )


def _destinations(channel: Channel, body: _ChannelBody, name: str) -> Iterator[Destination]:
    match body:
        case EmailBody():
            for recipient in dict.fromkeys(body.recipients):
                yield Destination(
                    channel=channel, connection=name, target=recipient, subject=body.subject or "", message=body.message
                )
        case SlackBody():
            yield Destination(channel=channel, connection=name, target=body.channel, message=body.message)
        case TeamsBody():
            yield Destination(channel=channel, connection=name, target="", message=body.message)
        case WebhookBody():
            yield Destination(channel=channel, connection=name, target=body.url or "")
        case FilesBody():
            yield Destination(channel=channel, connection=name, target=body.path or "")


def _connection_of(channel: Channel, named: str | None, info: ValidationInfo) -> str | None:
    connections, organization = _context(info)
    fitting = [n for n, c in connections.connections.items() if c.type == channel.value and c.serves(organization)]
    if named is None and not fitting:
        return None
    try:
        return connections.name_for(channel, named, organization)
    except NotFoundError as error:
        raise refuse(f"{channel.value}.connection: {error}") from None


def _has_url(name: str | None, info: ValidationInfo) -> bool:
    connections, _ = _context(info)
    connection = connections.connections.get(name or "")
    return isinstance(connection, WebhookConnection) and connection.url is not None


def _context(info: ValidationInfo) -> tuple[Connections, str]:
    context: Mapping[str, Any] = info.context or {}
    connections: Connections = context["connections"]
    organization: str = context["organization"]
    return connections, organization


def _checked(value: str, *, is_one_line: bool) -> str:
    problem = pattern_problem(value, is_one_line=is_one_line)
    if problem:
        raise refuse(problem)
    return value
