"""Sends reports and notices over the channel that a connection belongs to, and tests connections.

Each exchange has a hard limit for all of it, whatever the channel does.
"""

from datetime import datetime

from policycortex.channels.channel import SendContext
from policycortex.channels.connections import Connections
from policycortex.channels.model import DeliveryContent, Destination, Notice, Receipt
from policycortex.channels.time_limit import exchange_seconds, run_within
from policycortex.errors import ConfigurationError, DeliveryRefusedError


def send(connections: Connections, destination: Destination, content: DeliveryContent, *, now: datetime) -> Receipt:
    """Send one report to one destination.

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
    context = SendContext(guard=connections.guard, now=now)
    seconds = exchange_seconds(connection.timeout_seconds, sum(file.size_bytes for file in content.files))
    return run_within(
        seconds, _label(destination.connection), lambda: channel.send(connection, destination, content, context)
    )


def send_notice(connections: Connections, name: str, target: str, notice: Notice, *, now: datetime) -> Receipt:
    """Send an alert over the connection of that name. Raises as ``send``."""
    connection = connections.get(name)
    channel = connections.channels.get(connection.type)
    if channel.send_notice is None:
        raise ConfigurationError(f"the connection {name!r} cannot carry alerts: nobody reads {channel.name}")
    send_it, context = channel.send_notice, SendContext(guard=connections.guard, now=now)
    seconds = exchange_seconds(connection.timeout_seconds, 0)
    return run_within(seconds, _label(name), lambda: send_it(connection, target, notice, context))


def check_connection(connections: Connections, name: str) -> str:
    """Connect and log in without sending; the receiver's answer. Raises as ``send``."""
    connection = connections.get(name)
    channel = connections.channels.get(connection.type)
    seconds = exchange_seconds(connection.timeout_seconds, 0)
    return run_within(seconds, _label(name), lambda: channel.check(connection, connections.guard))


def _label(connection: str) -> str:
    return f"the receiver of connection {connection!r}"
