"""Sessions with an SMTP server: connect, start TLS, log in, send one message, and tell what its answers mean."""

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Final, Protocol

from policycortex.channels.connection_settings import secret_of
from policycortex.channels.model import Receipt
from policycortex.channels.time_limit import watch_socket
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_CLOSING: Final = 421
"""The server closes the service: this concerns all mails, not only this one."""
_QUIT_SECONDS: Final = 2.0
_DISCONNECTED: Final = (smtplib.SMTPServerDisconnected, OSError)


class SmtpServer(Protocol):
    """What a session needs of an email connection."""

    @property
    def host(self) -> str:
        """Name or address."""
        ...

    @property
    def port(self) -> int:
        """TCP port."""
        ...

    @property
    def security(self) -> str:
        """``starttls``, ``tls`` or ``none``."""
        ...

    @property
    def username(self) -> str | None:
        """None: no login."""
        ...

    @property
    def password(self) -> str | None:
        """Reference to the secret; with ``username``."""
        ...

    @property
    def ca_file(self) -> str | None:
        """None: the machine's certificates."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """Longest silence."""
        ...


def transmit(smtp: smtplib.SMTP, connection: SmtpServer, sender: str, recipient: str, message: EmailMessage) -> Receipt:
    """Send one message to one recipient. Raises as ``Channel.send``."""
    body = message.as_bytes()
    try:
        _expect(smtp.mail(sender, _options(smtp, body)), "the sender", connection)
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
        answer=f"{answer[0]} {answer_text(answer[1])}",
        reference=str(message["Message-ID"]),
        payload_sha256=hashlib.sha256(body).hexdigest(),
    )


@contextmanager
def smtp_session(connection: SmtpServer) -> Iterator[smtplib.SMTP]:
    """A session with TLS and login as the connection says. Raises as ``Channel.check``."""
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
        _leave(smtp)


def _leave(smtp: smtplib.SMTP) -> None:
    """Say QUIT, wait shortly for the first byte of the answer, and close: all that matters is recorded before."""
    with suppress(smtplib.SMTPException, OSError):
        connection = smtp.sock
        if connection is not None:
            connection.settimeout(_QUIT_SECONDS)
            smtp.putcmd("quit")
            connection.recv(1)
    smtp.close()


def _open(connection: SmtpServer) -> smtplib.SMTP:
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


def _expect(answer: tuple[int, bytes], what: str, connection: SmtpServer, *, expected: int = 250) -> None:
    code, text = answer
    if code != expected and not (expected == 250 and code == 251):
        raise _error_of(code, text, what, connection)


def _error_of(
    code: int, text: bytes | str, what: str, connection: SmtpServer
) -> DeliveryRefusedError | DeliveryDeferredError:
    """5yz is permanent, a wrong password included; 4yz asks to try later; -1 is a line that is no SMTP answer."""
    reason = f"{connection.host} answered {code} {answer_text(text)} to {what}"
    if 500 <= code < 600:
        return DeliveryRefusedError(reason)
    return DeliveryDeferredError(reason, is_reached=400 <= code < 500 and code != _CLOSING)


def _options(smtp: smtplib.SMTP, body: bytes) -> list[str]:
    return [f"SIZE={len(body)}"] if smtp.has_extn("size") else []


def _dot_stuffed(body: bytes) -> bytes:
    """The body as DATA sends it: lines that begin with a dot get another, and a dot alone ends it (RFC 5321, 4.5.2)."""
    stuffed = body.replace(b"\r\n.", b"\r\n..")
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"cannot read the certificates in {ca_file}: {error}") from error


def answer_text(answer: bytes | str) -> str:
    """The answer of a server in one line, shortened."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:500]
