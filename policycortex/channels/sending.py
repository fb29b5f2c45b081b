"""Sends reports and notices over the channel that a connection belongs to, and tests connections.

Each exchange has a hard limit for all of it, whatever the channel does.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeVar

from policycortex.channels.channel import SendContext
from policycortex.channels.connection_settings import Connection
from policycortex.channels.connections import Connections
from policycortex.channels.model import DeliveryContent, Destination, Notice, OutgoingEvent, Receipt
from policycortex.channels.time_limit import exchange_seconds, run_within
from policycortex.channels.tracker import Tracker
from policycortex.errors import ConfigurationError, DeliveryRefusedError

_Result = TypeVar("_Result")


def send(
    connections: Connections,
    destination: Destination,
    content: DeliveryContent,
    *,
    now: datetime,
    organizations: Collection[str] = (),
) -> Receipt:
    """Send one report to one destination. ``organizations`` are all of the installation.

    Raises DeliveryRefusedError (permanent), DeliveryDeferredError (try later), DeliveryUncertainError (it may have
    arrived); NotFoundError and ConfigurationError if the channel or the connection is missing or wrong.
    """
    channel = connections.channels.get(destination.channel)
    connection = connections.get(destination.connection)
    if connection.type != channel.name or not connection.serves(content.organization):
        raise DeliveryRefusedError(
            f"connection {destination.connection!r} is not one of type {channel.name}"
            f" that {content.organization!r} may use"
        )
    _check_use(destination, connection, organizations)
    context = SendContext(guard=connections.guard, now=now, is_shared=connection.is_shared)
    seconds = exchange_seconds(connection.timeout_seconds, sum(file.size_bytes for file in content.files))
    return run_within(
        seconds, _label(destination.connection), lambda: channel.send(connection, destination, content, context)
    )


def send_notice(
    connections: Connections,
    name: str,
    target: str,
    notice: Notice,
    *,
    now: datetime,
    organizations: Collection[str] = (),
) -> Receipt:
    """Send an alert over the connection of that name, which the administrator chose. Raises as ``send``."""
    connection = connections.get(name)
    channel = connections.channels.get(connection.type)
    if channel.send_notice is None:
        raise ConfigurationError(f"the connection {name!r} cannot carry alerts: nobody reads {channel.name}")
    is_shared = connection.is_shared or (not connection.organizations and len(organizations) > 1)
    send_it, context = channel.send_notice, SendContext(guard=connections.guard, now=now, is_shared=is_shared)
    seconds = exchange_seconds(connection.timeout_seconds, 0)
    return run_within(seconds, _label(name), lambda: send_it(connection, target, notice, context))


def send_event(
    connections: Connections,
    name: str,
    target: str,
    event: OutgoingEvent,
    *,
    now: datetime,
    organizations: Collection[str] = (),
) -> Receipt:
    """Send an event over the connection that a subscription names. Raises as ``send``."""
    connection = connections.get(name)
    channel = connections.channels.get(connection.type)
    if channel.send_event is None or not connection.serves(event.organization):
        raise DeliveryRefusedError(f"connection {name!r} carries no events that {event.organization!r} may send")
    _check_use(Destination(channel=channel.name, connection=name, target=target), connection, organizations)
    send_it = channel.send_event
    context = SendContext(guard=connections.guard, now=now, is_shared=connection.is_shared)
    seconds = exchange_seconds(connection.timeout_seconds, 0)
    return run_within(seconds, _label(name), lambda: send_it(connection, target, event, context))


def receiver_secret(connections: Connections, name: str, organization: str, target: str) -> str:
    """The secret to give to a receiver of a shared connection. Raises ConfigurationError if there is none."""
    connection = connections.get(name)
    channel = connections.channels.get(connection.type)
    if channel.receiver_secret is None:
        raise ConfigurationError(f"the connection {name!r} signs nothing: {channel.name} has no receiver's secret")
    if not connection.is_shared:
        raise ConfigurationError(f"the connection {name!r} is not shared: it signs with its configured secret")
    if not connection.serves(organization):
        raise ConfigurationError(f"the connection {name!r} does not serve the organization {organization!r}")
    return channel.receiver_secret(connection, organization, target)


def check_connection(connections: Connections, name: str) -> str:
    """Connect and log in without sending; the receiver's answer. Raises as ``send``."""
    connection = connections.get(name)
    seconds = exchange_seconds(connection.timeout_seconds, 0)
    tracker = connections.channels.find_tracker(connection.type)
    if tracker is not None:
        return run_within(seconds, _label(name), lambda: tracker.check(connection))
    channel = connections.channels.get(connection.type)
    return run_within(seconds, _label(name), lambda: channel.check(connection, connections.guard))


def call_tracker(
    connections: Connections,
    name: str,
    organization: str,
    call: Callable[[Tracker[Any], Connection], _Result],
    *,
    organizations: Collection[str] = (),
) -> _Result:
    """Call the tracker of the connection of that name, within the time limit. Raises as its functions."""
    connection = connections.get(name)
    tracker = connections.channels.find_tracker(connection.type)
    if tracker is None or not connection.serves(organization):
        raise DeliveryRefusedError(f"connection {name!r} is no issue tracker that {organization!r} may use")
    _check_use(Destination(channel=tracker.name, connection=name, target=""), connection, organizations)
    return run_within(exchange_seconds(connection.timeout_seconds, 0), _label(name), lambda: call(tracker, connection))


def _check_use(destination: Destination, connection: Connection, organizations: Collection[str]) -> None:
    if not connection.organizations and len(organizations) > 1:
        raise DeliveryRefusedError(
            f"connection {destination.connection!r} names no organizations, and this installation has"
            f" {len(organizations)}: add those that may use it to the connections file, or organizations: ['*'] for all"
        )
    if not connection.allows_target(destination.target):
        raise DeliveryRefusedError(
            f"connection {destination.connection!r} does not allow {destination.target!r}; its administrator can add it"
            " to allowed_targets"
        )


def _label(connection: str) -> str:
    return f"the receiver of connection {connection!r}"
