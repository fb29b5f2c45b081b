"""Email over SMTP: one message per recipient, so that the outcome is known for each person.

Every failure before the final dot can be retried: the server accepted nothing. No answer after the dot is uncertain:
the server may have accepted the message, and SMTP has no idempotency key.
"""

import hashlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Final, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import Field, model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, Host, Port, SecretReference, secret_of
from policycortex.channels.message_text import days_text, facts_of, size_text
from policycortex.channels.model import DeliveryContent, Destination, Notice, Receipt, Target
from policycortex.channels.patterns import fill_line, fill_text
from policycortex.channels.request_bodies import ChannelBody, PatternLine, PatternText
from policycortex.channels.time_limit import watch_socket
from policycortex.documents.template_files import templates_folder
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError
from policycortex.field_types import Email

DEFAULT_SUBJECT: Final = "{{name}} - {{date}}"
_LONGEST_SUBJECT: Final = 300
_SPEC: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[A-Za-z0-9.-]{1,253}")
_MEGABYTE: Final = 1_000_000
_CLOSING: Final = 421
"""The server closes the service: this concerns all mails, not only this one."""
_DISCONNECTED: Final = (smtplib.SMTPServerDisconnected, OSError)


class EmailConnection(Connection):
    """An SMTP server."""

    type: Literal["email"]
    host: Host
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: ConnectionLine | None = None
    password: SecretReference | None = None
    sender: ConnectionLine
    """``Name <address>`` or an address: the From of every mail."""
    reply_to: ConnectionLine | None = None
    ca_file: str | None = None
    attachment_limit_mb: float = Field(default=10.0, ge=0)
    """Limit for all attachments together; above it the mail holds links instead. 0: always links."""

    @model_validator(mode="after")
    def _protects_the_password(self) -> "EmailConnection":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError("a password is not sent without TLS; set security to starttls or tls")
        return self

    def is_target(self, target: str, allowed: str) -> bool:
        """An address, or a domain, which does not stand for its subdomains."""
        address, entry = target.casefold(), allowed.casefold()
        return address == entry if "@" in entry else address.rpartition("@")[2] == entry

    def needs_links(self, total_bytes: int) -> bool:
        """True above the attachment limit."""
        return total_bytes > self.attachment_limit_mb * _MEGABYTE


class EmailBody(ChannelBody):
    """One mail for each recipient, with the files attached, or linked if they are too large."""

    recipients: list[Email] = Field(min_length=1, max_length=100, examples=[["ceo@company.com", "cto@company.com"]])
    subject: PatternLine | None = Field(default=None, max_length=300, examples=["Monthly Compliance Report - {{date}}"])
    message: PatternText = Field(default="", max_length=2000)

    def targets(self) -> Iterator[Target]:
        """One per recipient, so that the outcome is known for each person."""
        for recipient in dict.fromkeys(self.recipients):
            yield Target(address=recipient, subject=self.subject or "", message=self.message)


def send(
    connection: EmailConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Send the report to ``destination.target``. Raises as ``Channel.send``."""
    message = compose_mail(connection, destination, content)
    with _session(connection) as smtp:
        return _transmit(smtp, connection, destination.target, message)


def send_notice(connection: EmailConnection, target: str, notice: Notice, _context: SendContext) -> Receipt:
    """Send the alert as plain text. Raises as ``Channel.send``."""
    message = _new_message(connection, target, f"{notice.id}.alert")
    message["Subject"] = " ".join(notice.subject.split())[:_LONGEST_SUBJECT]
    message.set_content(notice.lines)
    with _session(connection) as smtp:
        return _transmit(smtp, connection, target, message)


def check(connection: EmailConnection, _guard: AddressGuard) -> str:
    """Connect, start TLS and log in. Raises as ``Channel.send``."""
    with _session(connection) as smtp:
        code, answer = smtp.noop()
        return f"{code} {_text(answer)}"


def compose_mail(connection: EmailConnection, destination: Destination, content: DeliveryContent) -> EmailMessage:
    """Text and HTML parts, and the files up to the limit. The Message-ID is the same for all attempts.

    Raises DeliveryRefusedError if the files can be neither attached nor linked.
    """
    total_bytes = sum(file.size_bytes for file in content.files)
    has_attachments = bool(content.files) and not connection.needs_links(total_bytes)
    if not has_attachments and content.has_unlinked_files:
        raise DeliveryRefusedError(
            f"the files have {total_bytes / _MEGABYTE:.1f} MB and are not attached above"
            f" {connection.attachment_limit_mb:g} MB, and without POLICYCORTEX_PUBLIC_URL there are no links: set it or"
            " raise attachment_limit_mb of the connection"
        )
    text = fill_text(destination.message, content)
    message = _new_message(connection, destination.target, content.delivery_id)
    message["Subject"] = fill_line(destination.subject or DEFAULT_SUBJECT, content)[:_LONGEST_SUBJECT]
    message["X-PolicyCortex-Report"] = content.report_id
    message.set_content(render_mail("report.txt", content, message=text, has_attachments=has_attachments))
    html = render_mail("report.html", content, message=text, has_attachments=has_attachments)
    message.add_alternative(html, subtype="html")
    for file in content.files if has_attachments else ():
        main, _, sub = file.media_type.partition(";")[0].partition("/")
        message.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return message


def render_mail(name: str, content: DeliveryContent, *, message: str, has_attachments: bool) -> str:
    """``templates/email/<name>`` filled for the content. Raises jinja2.UndefinedError for an unknown variable."""
    template = _environment().get_template(f"email/{name}")
    return template.render(
        report=content,
        locale=content.locale,
        days=days_text(content),
        made=_created_text(content),
        facts=facts_of(content),
        message=message,
        has_attachments=has_attachments,
        size_text=size_text,
    )


def _created_text(content: DeliveryContent) -> str:
    moment, report = content.locale.moment(content.generated_at), content.report_id
    if content.schedule_id is None:
        return content.locale.text("delivery.made", moment=moment, report=report)
    return content.locale.text("delivery.made_by_schedule", moment=moment, report=report, schedule=content.schedule_id)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _new_message(connection: EmailConnection, target: str, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    sender = _address(connection.sender)
    message["From"] = sender
    message["To"] = _address(target)
    if connection.reply_to:
        message["Reply-To"] = _address(connection.reply_to)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _transmit(smtp: smtplib.SMTP, connection: EmailConnection, recipient: str, message: EmailMessage) -> Receipt:
    body = message.as_bytes()
    try:
        _expect(smtp.mail(_address(connection.sender).addr_spec, _options(smtp, body)), "the sender", connection)
        _expect(smtp.rcpt(recipient), recipient, connection)
        _expect(smtp.docmd("DATA"), "the message", connection, expected=354)
        smtp.send(_dot_stuffed(body))
    except _DISCONNECTED as error:
        reason = f"{connection.host} closed the connection before the whole message was sent: {error}"
        raise DeliveryDeferredError(reason, is_reached=False) from error
    try:
        answer = smtp.getreply()
    except _DISCONNECTED as error:
        raise DeliveryUncertainError(
            f"{connection.host} received the whole message and did not answer; it may have accepted it"
        ) from error
    _expect(answer, "the message", connection)
    return Receipt(
        answer=f"{answer[0]} {_text(answer[1])}",
        reference=str(message["Message-ID"]),
        payload_sha256=hashlib.sha256(body).hexdigest(),
    )


@contextmanager
def _session(connection: EmailConnection) -> Iterator[smtplib.SMTP]:
    try:
        smtp = _open(connection)
    except smtplib.SMTPResponseException as error:
        raise _error_of(error.smtp_code, error.smtp_error, "the connection", connection) from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryRefusedError(
            f"{connection.host} does not support what the connection requires: {error}"
        ) from error
    except UnicodeEncodeError:
        reason = f"the user name or password for {connection.host} has characters outside ASCII, which SMTP cannot send"
        raise DeliveryRefusedError(reason) from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryRefusedError(
            f"the certificate of {connection.host} is not trusted: {error.verify_message}"
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        reason = f"cannot open a session with {connection.host}: {error}"
        raise DeliveryDeferredError(reason, is_reached=False) from error
    try:
        yield smtp
    finally:
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


def _open(connection: EmailConnection) -> smtplib.SMTP:
    context = _tls(connection.ca_file)
    seconds = connection.timeout_seconds
    smtp = _WatchedTls(timeout=seconds, context=context) if connection.security == "tls" else _Watched(timeout=seconds)
    smtp._host = connection.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name TLS verifies; smtplib sets it only in the constructor that connects
    try:
        smtp.connect(connection.host, connection.port)
        smtp.ehlo_or_helo_if_needed()
        if connection.security == "starttls":
            smtp.starttls(context=context)
            smtp.ehlo()
        if connection.username is not None:
            smtp.login(connection.username, secret_of(connection.password))
    except BaseException:
        smtp.close()
        raise
    return smtp


class _Watched(smtplib.SMTP):
    """SMTP under the time limits of the delivery."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        watch_socket(connection)
        return connection


class _WatchedTls(smtplib.SMTP_SSL, _Watched):
    """The same with TLS from the first byte: the connection is watched before the handshake."""


def _expect(answer: tuple[int, bytes], what: str, connection: EmailConnection, *, expected: int = 250) -> None:
    code, text = answer
    if code != expected and not (expected == 250 and code == 251):
        raise _error_of(code, text, what, connection)


def _error_of(
    code: int, text: bytes | str, what: str, connection: EmailConnection
) -> DeliveryRefusedError | DeliveryDeferredError:
    """5yz is permanent, a wrong password included; 4yz asks to try later; -1 is a line that is no SMTP answer."""
    reason = f"{connection.host} answered {code} {_text(text)} to {what}"
    if 500 <= code < 600:
        return DeliveryRefusedError(reason)
    return DeliveryDeferredError(reason, is_reached=400 <= code < 500 and code != _CLOSING)


def _options(smtp: smtplib.SMTP, body: bytes) -> list[str]:
    return [f"SIZE={len(body)}"] if smtp.has_extn("size") else []


def _dot_stuffed(body: bytes) -> bytes:
    """The body as DATA sends it: lines that begin with a dot get another, and a dot alone ends it (RFC 5321, 4.5.2)."""
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _address(text: str) -> Address:
    """``Name <address>`` or an address. Raises DeliveryRefusedError for two addresses or any text after the first."""
    name, spec = parseaddr(text)
    is_whole = text == spec or text.rstrip().endswith(f"<{spec}>")
    if not is_whole or not _SPEC.fullmatch(spec) or any(character < " " for character in text):
        raise DeliveryRefusedError(f"{text!r} is not one e-mail address")
    return Address(display_name=name, addr_spec=spec)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"cannot read the certificates in {ca_file}: {error}") from error


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:500]


CHANNEL: Final = Channel(
    name="email",
    connection=EmailConnection,
    body=EmailBody,
    send=send,
    check=check,
    send_notice=send_notice,
    shows_links=True,
    defers_single_targets=True,
    position=10,
)
