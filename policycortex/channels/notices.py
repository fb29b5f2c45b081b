"""Short notices to people who run the installation: that a delivery failed. By the channels that reach a person."""

from dataclasses import dataclass
from typing import Final

from policycortex.channels.connections import (
    Connections,
    EmailConnection,
    SlackConnection,
    TeamsConnection,
    WebhookConnection,
)
from policycortex.channels.mail import send_note
from policycortex.channels.slack import post_note
from policycortex.channels.teams import post_card_note
from policycortex.channels.webhook import send_event
from policycortex.errors import ConfigurationError

EVENT_FAILED: Final = "compliance.report.delivery_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened, and what to do."""

    id: str
    """Stable, so that a receiver knows a repeated one."""
    subject: str
    text: str
    facts: dict[str, str]


def send_notice(connections: Connections, name: str, target: str, notice: Notice) -> None:
    """Tell ``target`` over the connection of that name. Raises as a delivery does; ConfigurationError for others."""
    connection = connections.get(name)
    lines = "\n".join([notice.text, "", *(f"{label}: {value}" for label, value in notice.facts.items())])
    match connection:
        case EmailConnection():
            send_note(connection, target, subject=notice.subject, text=lines, note_id=notice.id)
        case SlackConnection():
            post_note(connection, target, f"{notice.subject}\n{lines}")
        case TeamsConnection():
            post_card_note(connection, notice.subject, lines)
        case WebhookConnection():
            body = {"event": EVENT_FAILED, "id": notice.id, "message": notice.text, "data": notice.facts}
            send_event(connection, target, body, event_id=notice.id, event=EVENT_FAILED, guard=connections.guard)
        case _:
            raise ConfigurationError(f"alerts cannot go over {name!r}: {connection.type} reaches no person")
