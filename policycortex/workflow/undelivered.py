"""What deliveries of a requested report will lack: reported with the request, while it can still be corrected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policycortex.channels.connections import Connections
from policycortex.storage.registry.schedule_rows import NewDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeliveredWarning:
    """One channel and connection of a request."""

    code: str
    """``no_public_url`` or ``unknown_connection``."""
    message: str
    channel: str
    connection: str


def find_lacking(new: Sequence[NewDelivery], connections: Connections) -> tuple[UndeliveredWarning, ...]:
    """At most one warning for each channel and connection, in the order of the request."""
    pairs = dict.fromkeys((row.channel, row.connection) for row in new)
    return tuple(warning for pair in pairs for warning in _find(*pair, connections))


def _find(channel: str, name: str, connections: Connections) -> Iterator[UndeliveredWarning]:
    connection = connections.connections.get(name)
    if connection is None:
        message = (
            f"The installation has no connection {name!r} for {channel}: the delivery fails unless it is added before"
            " the report is completed"
        )
        yield UndeliveredWarning(code="unknown_connection", message=message, channel=channel, connection=name)
    elif not connections.has_links and connections.channels.get(channel).shows_links and not connection.attaches_files:
        message = f"The message to {channel} will have no link to the report: POLICYCORTEX_PUBLIC_URL is not set"
        yield UndeliveredWarning(code="no_public_url", message=message, channel=channel, connection=name)
