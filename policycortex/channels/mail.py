"""Email over SMTP, one message per recipient, so that each person's outcome is a fact of its own.

Everything up to the final dot can be tried again: the server took nothing. Silence after the dot is uncertain: the
server may have taken the message, and SMTP has no key by which it would know it again.
"""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from policycortex.channels.connections import EmailConnection, secret_of
from policycortex.channels.message_text import render_mail
from policycortex.channels.model import DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import fill_line, fill_text
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

DEFAULT_SUBJECT: Final = "{{name}} - {{date}}"
_LONGEST_SUBJECT: Final = 300
_SPEC: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[A-Za-z0-9.-]{1,253}")
_MEGABYTE: Final = 1_000_000
_CLOSING: Final = 421
"""The server is going away: not about this mail, but about all."""
_LOST: Final = (smtplib.SMTPServerDisconnected, OSError)


def send_mail(connection: EmailConnection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Hand the message for ``destination.target`` to the server. Raises Refused, Deferred or Uncertain."""
    message = compose_mail(connection, destination, content)
    with _session(connection) as smtp:
        return _hand_over(smtp, connection, destination.target, message)


def send_note(connection: EmailConnection, target: str, *, subject: str, text: str, note_id: str) -> None:
    """A plain mail to somebody who runs the installation. Raises as ``send_mail``."""
    message = _begin(connection, target, f"{note_id}.alert")
    message["Subject"] = " ".join(subject.split())[:_LONGEST_SUBJECT]
    message.set_content(text)
    with _session(connection) as smtp:
        _hand_over(smtp, connection, target, message)


def check_mail(connection: EmailConnection) -> str:
    """Connect, secure and log in, and send nothing. Raises as ``send_mail``."""
    with _session(connection) as smtp:
        code, answer = smtp.noop()
        return f"{code} {_text(answer)}"


def compose_mail(connection: EmailConnection, destination: Destination, content: DeliveryContent) -> EmailMessage:
    """Text and HTML parts, and the files where they fit; the Message-ID is the delivery's for ever."""
    total = sum(file.size_bytes for file in content.files)
    attaches = bool(content.files) and total <= connection.attachment_limit_mb * _MEGABYTE
    said = fill_text(destination.message, content)
    message = _begin(connection, destination.target, content.delivery_id)
    message["Subject"] = fill_line(destination.subject or DEFAULT_SUBJECT, content)[:_LONGEST_SUBJECT]
    message["X-PolicyCortex-Report"] = content.report_id
    message.set_content(render_mail("report.txt", content, message=said, has_attachments=attaches))
    html = render_mail("report.html", content, message=said, has_attachments=attaches)
    message.add_alternative(html, subtype="html")
    for file in content.files if attaches else ():
        main, _, sub = file.media_type.partition(";")[0].partition("/")
        message.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return message


def _begin(connection: EmailConnection, target: str, message_id: str) -> EmailMessage:
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


def _hand_over(smtp: smtplib.SMTP, connection: EmailConnection, recipient: str, message: EmailMessage) -> Receipt:
    body = message.as_bytes()
    try:
        _expect(smtp.mail(_address(connection.sender).addr_spec, _options(smtp, body)), "the sender", connection)
        _expect(smtp.rcpt(recipient), recipient, connection)
        _expect(smtp.docmd("DATA"), "the message", connection, expected=354)
        smtp.send(_dotted(body))
    except _LOST as error:
        said = f"{connection.host} dropped the line before the message was over: {error}"
        raise DeliveryDeferredError(said, is_reached=False) from error
    try:
        answer = smtp.getreply()
    except _LOST as error:
        raise DeliveryUncertainError(
            f"{connection.host} was sent the whole message and gave no answer; it may have taken it"
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
        raise _judged(error.smtp_code, error.smtp_error, "the connection", connection) from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryRefusedError(f"{connection.host} does not offer what the connection asks for: {error}") from error
    except UnicodeEncodeError:
        said = f"the user name or password for {connection.host} holds letters beyond ASCII, which SMTP cannot carry"
        raise DeliveryRefusedError(said) from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryRefusedError(f"{connection.host} has no certificate we trust: {error.verify_message}") from error
    except (smtplib.SMTPException, OSError) as error:
        said = f"cannot open a session with {connection.host}: {error}"
        raise DeliveryDeferredError(said, is_reached=False) from error
    try:
        yield smtp
    finally:
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


def _open(connection: EmailConnection) -> smtplib.SMTP:
    context = _tls(connection.ca_file)
    seconds = connection.timeout_seconds
    smtp = (
        smtplib.SMTP_SSL(timeout=seconds, context=context)
        if connection.security == "tls"
        else smtplib.SMTP(timeout=seconds)
    )
    smtp._host = connection.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name TLS proves; set only by the constructor that dials
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


def _expect(answer: tuple[int, bytes], what: str, connection: EmailConnection, *, expected: int = 250) -> None:
    code, words = answer
    if code != expected and not (expected == 250 and code == 251):
        raise _judged(code, words, what, connection)


def _judged(
    code: int, words: bytes | str, what: str, connection: EmailConnection
) -> DeliveryRefusedError | DeliveryDeferredError:
    said = f"{connection.host} said {code} {_text(words)} to {what}"
    # 421 and 4yz ask to come back; -1 is a line that is no answer; a refused password stays refused until it is mended
    if 500 <= code < 600:
        return DeliveryRefusedError(said)
    return DeliveryDeferredError(said, is_reached=400 <= code < 500 and code != _CLOSING)


def _options(smtp: smtplib.SMTP, body: bytes) -> list[str]:
    return [f"SIZE={len(body)}"] if smtp.has_extn("size") else []


def _dotted(body: bytes) -> bytes:
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _address(text: str) -> Address:
    """``Name <address>`` or an address; never two, never with anything after it."""
    name, spec = parseaddr(text)
    is_whole = text == spec or text.rstrip().endswith(f"<{spec}>")
    if not is_whole or not _SPEC.fullmatch(spec) or any(sign < " " for sign in text):
        raise DeliveryRefusedError(f"{text!r} is not one e-mail address")
    return Address(display_name=name, addr_spec=spec)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"cannot read the certificates in {ca_file}: {error}") from error


def _text(words: bytes | str) -> str:
    plain = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(plain.split())[:500]
