"""A TLS receiver that remembers what it was sent and answers as the test says; and SMTP servers with moods."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(kw_only=True)
class Call:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body, read as JSON."""
        return json.loads(self.body)


Answering = Callable[[Call], tuple[int, dict[str, str], bytes]]


@dataclass(kw_only=True)
class Receiver:
    """The calls it received, and its answer: 200 with ``{}`` unless set."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answer: Answering = lambda _call: (200, {}, b"{}")


@contextmanager
def tls_receiver(authority: trustme.CA, *names: str) -> Iterator[Receiver]:
    """An HTTPS server on localhost with a certificate for ``names``, else for localhost."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            call = Call(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body)
            receiver.calls.append(call)
            status, headers, content = receiver.answer(call)
            if status == 0:  # a line that drops after the request was read
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            return

    with serve_tls(Handler, authority, *names) as receiver.url:
        yield receiver


@contextmanager
def serve_tls(handler: type[BaseHTTPRequestHandler], authority: trustme.CA, *names: str) -> Iterator[str]:
    """The URL of an HTTPS server on localhost with a certificate for ``names``, else for localhost."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: object) -> None:
            return  # clients that refuse the certificate, or are killed, hang up; that is the test

    server = Server(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("localhost",))).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@dataclass(kw_only=True)
class Mailbox:
    """Messages that an SMTP server took, and its moods. Each mood is asked with the address."""

    port: int = 0
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    on_recipient: dict[str, str] = field(default_factory=dict)
    """Address to answer: ``550 5.1.1 no such user``."""
    on_data: str = "250 2.0.0 taken as 4711"
    drops_at_recipient: bool = False
    hangs_after_data: bool = False
    lets_go: bool = False
    """Ends the hanging: then it answers after all."""
    drops_after_data: bool = False
    logins: list[tuple[str, str]] = field(default_factory=list)
    password: str = "s3cret"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept the recipient, unless set otherwise."""
        if self.drops_at_recipient and server.transport is not None:
            server.transport.close()
        if address in self.on_recipient:
            return self.on_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, then answer, hang or drop the line."""
        content = envelope.content
        assert isinstance(content, bytes)
        if self.on_data.startswith("2"):
            self.messages.append((envelope.rcpt_tos[0], content))
        while self.hangs_after_data and not self.lets_go:  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.05)
        if self.drops_after_data and server.transport is not None:
            server.transport.close()
        return self.on_data

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """``bot`` with the password may send."""
        login, password = data.login.decode(), data.password.decode()
        self.logins.append((login, password))
        return AuthResult(success=(login, password) == ("bot", self.password), handled=False)


@contextmanager
def smtp_server(authority: trustme.CA | None = None, *, is_tls_from_start: bool = False) -> Iterator[Mailbox]:
    """aiosmtpd on localhost: with an authority it offers STARTTLS, or uses TLS from the first byte."""
    mailbox, context = Mailbox(), None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
    options: dict[str, Any] = {"authenticator": mailbox.authenticate, "auth_exclude_mechanism": ["CRAM-MD5"]}
    if context is not None and is_tls_from_start:
        options |= {"ssl_context": context, "auth_require_tls": False}
    elif context is not None:
        options |= {"tls_context": context, "require_starttls": True}
    controller = _AnyPort(mailbox, hostname="127.0.0.1", port=0, ready_timeout=30, **options)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop(no_assert=True)


class _AnyPort(Controller):
    """Takes the port the system gave."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
