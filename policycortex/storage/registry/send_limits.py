"""How many deliveries are sent at the same time, so that slow receivers of one organisation leave senders for others.

The count is over all senders of the installation: a delivery that is being sent has a row with a lease.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, not_, select

from policycortex.names import DeliveryStatus
from policycortex.storage.registry.schedule_rows import Endpoint
from policycortex.storage.registry.schedule_tables import IS_OPEN, deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLimits:
    """Largest numbers of deliveries that are sent at the same time."""

    organization: int = 4
    endpoint_of_organization: int = 3
    """To one endpoint for one organisation, so that its other endpoints keep a sender."""
    endpoint: int = 8
    """To one endpoint for all organisations."""
    channels_per_target: frozenset[str] = frozenset()
    """Channels of which each target is an endpoint of its own."""


def within_limits(connection: Connection, limits: SendLimits, *, now: datetime) -> list[Any]:
    """Conditions on ``deliveries`` that leave out those whose organisation or endpoint is at its limit."""
    columns = (deliveries.c.organization, deliveries.c.channel, deliveries.c.connection, deliveries.c.target)
    is_sending = (IS_OPEN, deliveries.c.status == DeliveryStatus.SENDING.value, deliveries.c.lease_until >= now)
    rows = connection.execute(select(*columns).where(*is_sending)).all()
    sending = [(row.organization, _endpoint(row, limits.channels_per_target)) for row in rows]
    organizations = Counter(organization for organization, _ in sending)
    endpoints = Counter(endpoint for _, endpoint in sending)
    full = [deliveries.c.organization == name for name, n in organizations.items() if n >= limits.organization]
    full += [is_at(endpoint) for endpoint, n in endpoints.items() if n >= limits.endpoint]
    full += [
        and_(deliveries.c.organization == organization, is_at(endpoint))
        for (organization, endpoint), n in Counter(sending).items()
        if n >= limits.endpoint_of_organization
    ]
    return [not_(condition) for condition in full]


def is_at(endpoint: Endpoint) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    """Condition on ``deliveries``: they go to this endpoint."""
    same = deliveries.c.connection == endpoint.connection
    return and_(same, deliveries.c.target == endpoint.target) if endpoint.target else same


def _endpoint(row: Any, channels_per_target: frozenset[str]) -> Endpoint:  # noqa: ANN401 - SQLAlchemy's row
    target = row.target if row.channel in channels_per_target else ""
    return Endpoint(channel=row.channel, connection=row.connection, target=target)
