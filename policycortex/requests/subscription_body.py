"""The body of a subscription to events, and the checked value."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from policycortex.channels.connections import Connections
from policycortex.channels.http_client import check_url
from policycortex.errors import DeliveryRefusedError, NotFoundError, Problem, RequestError
from policycortex.field_types import Line, Strict, refuse
from policycortex.names import EventKind
from policycortex.requests.body import one_of
from policycortex.requests.parsing import REFUSED, validated
from policycortex.storage.registry.event_rows import NewSubscription

_CHANNEL = "webhook"


_Kind = Annotated[EventKind, BeforeValidator(lambda value: one_of(EventKind, value))]


class SubscriptionBody(Strict):
    """Body of ``POST /v1/subscriptions``."""

    name: Annotated[Line, Field(max_length=200)] = Field(description="What it is for", examples=["Incident desk"])
    events: list[_Kind] = Field(
        min_length=1, max_length=20, description="Kinds of events", examples=[["report.failed", "delivery.failed"]]
    )
    connection: str | None = Field(
        default=None,
        max_length=64,
        description="Name of a webhook connection of the installation; absent: the only one, or the one named webhook",
        examples=["incidents"],
    )
    url: str | None = Field(
        default=None,
        max_length=2000,
        description="The receiver; absent: the connection's own. The connection must allow it",
        examples=["https://hooks.example.com/events"],
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_url(value)
        except DeliveryRefusedError as error:
            raise refuse(str(error)) from None
        return value


def parse_subscription(body: Mapping[str, Any], *, connections: Connections, organization: str) -> NewSubscription:
    """The subscription. Raises RequestError that names every invalid field."""
    checked = validated(SubscriptionBody, body)
    try:
        name = connections.name_for(_CHANNEL, checked.connection, organization)
    except NotFoundError as error:
        raise _refused("connection", str(error)) from None
    connection, url = connections.get(name), checked.url or ""
    if not url and getattr(connection, "url", None) is None:
        raise _refused("url", "Needed, because the connection has none of its own")
    if not connection.allows_target(url):
        raise _refused("url", f"The connection {name!r} does not allow it")
    return NewSubscription(name=checked.name, connection=name, url=url, kinds=tuple(dict.fromkeys(checked.events)))


def _refused(field: str, message: str) -> RequestError:
    return RequestError(REFUSED, details=(Problem(field=field, message=message),))
