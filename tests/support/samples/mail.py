"""A mail server's connection, the documented recipient, and the mails that arrived."""

import email
import email.policy
from email.message import EmailMessage

from policycortex.channels.mail import EmailConnection
from policycortex.channels.model import Destination

TO_CEO = Destination(
    channel="email", connection="mail", target="ceo@company.com", subject="Monthly Compliance Report - {{date}}"
)


def connection_to(port: int, **changes: object) -> EmailConnection:
    """An SMTP server on localhost without TLS; ``changes`` are other settings."""
    fields = {"type": "email", "host": "localhost", "port": port, "security": "none", "timeout_seconds": 5}
    return EmailConnection.model_validate(fields | {"sender": "PolicyCortex <reports@company.com>"} | changes)


def read_mail(raw: bytes) -> EmailMessage:
    """The mail with its headers decoded."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
