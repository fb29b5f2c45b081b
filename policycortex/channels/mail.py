"""Email over SMTP: one message per recipient, so that the outcome is known for each person.

Every failure before the final dot can be retried: the server accepted nothing. No answer after the dot is uncertain:
the server may have accepted the message, and SMTP has no idempotency key.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Annotated, Final, Literal
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, Host, Port, SecretReference
from policycortex.channels.message_text import days_text, facts_of, size_text
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Notice, Receipt, Target
from policycortex.channels.patterns import fill_line, fill_text
from policycortex.channels.request_bodies import ChannelBody, PatternLine, PatternText
from policycortex.channels.smtp_session import answer_text, smtp_session, transmit
from policycortex.documents.template_files import templates_folder
from policycortex.errors import DeliveryRefusedError
from policycortex.field_types import Email, Line, normal_email, refuse
from policycortex.shortening import shorten

DEFAULT_SUBJECT: Final = "{{name}} - {{date}}"
_LONGEST_SUBJECT: Final = 300
_SPEC: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[A-Za-z0-9.-]{1,253}")
_MEGABYTE: Final = 1_000_000
_GROUP: Final = "group:"
"""Before the name of a group in the target of a delivery, if the connection does not have the group."""


def _check_members(members: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(normal_email(member) for member in members))
    except PydanticCustomError as error:
        raise ValueError(f"each member must be one e-mail address: {error}") from None


GroupName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Members = Annotated[tuple[str, ...], AfterValidator(_check_members), Field(min_length=1, max_length=2000)]


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
    groups: dict[GroupName, Members] = Field(default={})
    """Named lists of addresses. They are read when a report is requested, so a change needs no change of schedules."""
    contact: ConnectionLine | None = None
    """Whom recipients ask for changes; by default ``reply_to``, else ``sender``. Every mail names it."""

    @model_validator(mode="after")
    def _protects_the_password(self) -> "EmailConnection":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError("a password is not sent without TLS; set security to starttls or tls")
        return self

    def is_target(self, target: str, allowed: str) -> bool:
        """An address, or a domain, which does not stand for its subdomains."""
        address, entry = target.casefold(), _plain_entry(allowed).casefold()
        return address == entry if "@" in entry else address.rpartition("@")[2] == entry

    @property
    def attaches_files(self) -> bool:
        """Up to the attachment limit."""
        return self.attachment_limit_mb > 0

    def needs_links(self, total_bytes: int) -> bool:
        """True above the attachment limit."""
        return total_bytes > self.attachment_limit_mb * _MEGABYTE

    def problem_without_links(self, total_bytes: int | None) -> str | None:
        """A mail promises the files, so it needs links for those that it does not attach."""
        if self.attachment_limit_mb and (total_bytes is None or not self.needs_links(total_bytes)):
            return None
        size = f"of {total_bytes / _MEGABYTE:.1f} MB " if total_bytes is not None else ""
        return (
            f"the files {size}are not attached above {self.attachment_limit_mb:g} MB, and without"
            " POLICYCORTEX_PUBLIC_URL there are no links: set it or raise attachment_limit_mb of the connection"
        )


class EmailBody(ChannelBody):
    """One mail for each recipient, with the files attached, or linked if they are too large."""

    groups: list[Annotated[Line, Field(max_length=63)]] = Field(
        default=[],
        max_length=20,
        description="Groups of the connection; each member gets a mail that names no other member",
    )
    recipients: list[Email] = Field(
        default=[],
        max_length=100,
        validate_default=True,
        examples=[["ceo@example.com", "cto@example.com"]],
        description="Not needed with groups",
    )
    cc: list[Email] = Field(
        default=[], max_length=20, description="Get the same mail; with cc, mails name all recipients and these"
    )
    bcc: list[Email] = Field(default=[], max_length=100, description="Get the same mail, and no mail names them")
    subject: PatternLine | None = Field(default=None, max_length=300, examples=["Monthly Compliance Report - {{date}}"])
    message: PatternText = Field(default="", max_length=2000)
    attachment_name: PatternLine | None = Field(
        default=None, max_length=200, examples=["{{name}} {{date:yyyy-MM}}"], description="Without extension"
    )

    @field_validator("recipients")
    @classmethod
    def _has_recipients(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if not (value or info.data.get("groups")):
            raise refuse("Needs at least one address here, or a group in groups")
        return value

    def targets(self) -> Iterator[Target]:
        """One per recipient, so that the outcome is known for each person; a group is one target here."""
        yield from self._targets({})

    def targets_over(self, connection: Connection | None) -> Iterator[Target]:
        """As ``targets``, with a target for each member of the connection's groups."""
        yield from self._targets(connection.groups if isinstance(connection, EmailConnection) else {})

    def problem_with(self, connection: Connection | None) -> str | None:
        """The connection has no group of that name."""
        known = connection.groups if isinstance(connection, EmailConnection) else None
        unknown = [name for name in self.groups if known is not None and name not in known]
        if not unknown:
            return None
        return f"The connection has no group {unknown[0]!r}; known are {', '.join(sorted(known or ())) or 'none'}"

    def _targets(self, groups: dict[str, tuple[str, ...]]) -> Iterator[Target]:
        recipients, cc = dict.fromkeys(self.recipients), tuple(dict.fromkeys(self.cc))
        is_shown = bool(cc or self.bcc)
        for address in dict.fromkeys([*recipients, *cc, *self.bcc]):
            yield self._target(address, shown_to=tuple(recipients) if is_shown else (), shown_cc=cc)
        for name in dict.fromkeys(self.groups):
            for address in groups.get(name, (f"{_GROUP}{name}",)):
                yield self._target(address, shown_to=(), shown_cc=cc)

    def _target(self, address: str, *, shown_to: tuple[str, ...], shown_cc: tuple[str, ...]) -> Target:
        return Target(
            address=address,
            subject=self.subject or "",
            message=self.message,
            file_name=self.attachment_name or "",
            shown_to=shown_to,
            shown_cc=shown_cc,
        )


def send(
    connection: EmailConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Send the report to ``destination.target``. Raises as ``Channel.send``."""
    if destination.target.startswith(_GROUP):
        raise DeliveryRefusedError(
            f"the connection has no group {destination.target.removeprefix(_GROUP)!r}, so nobody got this report; with"
            " the group in the connections file, the schedule's next report goes to its members"
        )
    message = compose_mail(connection, destination, content)
    with smtp_session(connection) as smtp:
        return transmit(smtp, connection, _sender(connection).addr_spec, destination.target, message)


def send_notice(connection: EmailConnection, target: str, notice: Notice, _context: SendContext) -> Receipt:
    """Send the alert as plain text. Raises as ``Channel.send``."""
    message = _new_message(connection, (target,), f"{notice.id}.alert")
    message["Subject"] = shorten(" ".join(notice.subject.split()), _LONGEST_SUBJECT)
    message.set_content(notice.lines)
    with smtp_session(connection) as smtp:
        return transmit(smtp, connection, _sender(connection).addr_spec, target, message)


def check(connection: EmailConnection, _guard: AddressGuard) -> str:
    """Connect, start TLS and log in. Raises as ``Channel.send``."""
    with smtp_session(connection) as smtp:
        code, answer = smtp.noop()
        return f"{code} {answer_text(answer)}"


def compose_mail(connection: EmailConnection, destination: Destination, content: DeliveryContent) -> EmailMessage:
    """Text and HTML parts, and the files up to the limit. The Message-ID is the same for all attempts.

    Raises DeliveryRefusedError if the files can be neither attached nor linked.
    """
    total_bytes = sum(file.size_bytes for file in content.files)
    has_attachments = bool(content.files) and not connection.needs_links(total_bytes)
    problem = connection.problem_without_links(total_bytes) if content.has_unlinked_files else None
    if problem is not None:
        raise DeliveryRefusedError(problem)
    text = fill_text(destination.message, content)
    _address(destination.target)
    message = _new_message(connection, destination.shown_to or (destination.target,), content.delivery_id)
    if destination.shown_cc:
        message["Cc"] = [_address(address) for address in destination.shown_cc]
    if connection.contact or connection.reply_to:
        subject = quote(f"unsubscribe {content.schedule_id or content.report_id}")
        message["List-Unsubscribe"] = f"<mailto:{_contact(connection)}?subject={subject}>"
    message["Subject"] = shorten(fill_line(destination.subject or DEFAULT_SUBJECT, content), _LONGEST_SUBJECT)
    message["X-PolicyCortex-Report"] = content.report_id
    contact = _contact(connection)
    parts = {
        name: render_mail(name, content, message=text, has_attachments=has_attachments, contact=contact)
        for name in ("report.txt", "report.html")
    }
    message.set_content(parts["report.txt"])
    message.add_alternative(parts["report.html"], subtype="html")
    for file in content.files if has_attachments else ():
        _attach(message, file)
    return message


def _attach(message: EmailMessage, file: DeliveredFile) -> None:
    kind, _, parameter = file.media_type.partition(";")
    main, _, sub = kind.partition("/")
    name, _, value = parameter.strip().partition("=")
    parameters = {name: value} if value else None
    message.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=file.name, params=parameters)


def render_mail(name: str, content: DeliveryContent, *, message: str, has_attachments: bool, contact: str) -> str:
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
        ask=content.locale.text("delivery.ask", contact=contact),
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


def _new_message(connection: EmailConnection, shown_to: tuple[str, ...], message_id: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    sender = _sender(connection)
    message["From"] = sender
    message["To"] = [_address(address) for address in shown_to]
    if connection.reply_to:
        message["Reply-To"] = _address(connection.reply_to)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _sender(connection: EmailConnection) -> Address:
    return _address(connection.sender)


def _contact(connection: EmailConnection) -> str:
    """The address that recipients ask for changes."""
    return _address(connection.contact or connection.reply_to or connection.sender).addr_spec


def _plain_entry(allowed: str) -> str:
    """An address or a domain of the allow list as addresses are compared; a text that is none matches nothing."""
    try:
        return normal_email(allowed if "@" in allowed else f"x@{allowed}").removeprefix("" if "@" in allowed else "x@")
    except PydanticCustomError:
        return allowed


def _address(text: str) -> Address:
    """``Name <address>`` or an address. Raises DeliveryRefusedError for two addresses or any text after the first."""
    name, spec = parseaddr(text)
    is_whole = text == spec or text.rstrip().endswith(f"<{spec}>")
    if not is_whole or not _SPEC.fullmatch(spec) or any(character < " " for character in text):
        raise DeliveryRefusedError(f"{text!r} is not one e-mail address")
    return Address(display_name=name, addr_spec=spec)


CHANNEL: Final = Channel(
    name="email",
    connection=EmailConnection,
    body=EmailBody,
    send=send,
    check=check,
    send_notice=send_notice,
    shows_links=True,
    is_read_by_people=True,
    defers_single_targets=True,
    position=10,
)
