"""The outermost ASGI middleware: request ids, size limits, security headers, log lines, unexpected errors."""

import json
import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.platform import error_codes
from api.platform.audit import RequestRecord
from api.platform.connection_limits import is_attestation_upload, is_findings_upload
from api.platform.error_codes import ErrorCode
from api.platform.errors import METHODS, RETRY_HEADERS, ApiError, error_body, note_error
from api.platform.metrics import Metrics
from api.platform.services import Services
from policycortex.errors import UnavailableError
from policycortex.security.client_address import ClientAddresses
from policycortex.settings import Settings
from policycortex.tracing.spans import NO_TRACING, TraceSpan

MAX_BODY_BYTES: Final = 1 << 20  # the largest documented body has 1 KB; a custom framework some 500
MAX_HEADER_BYTES: Final = 16 << 10
CLIENT_LEFT: Final = 499
"""Status in the log, metrics and audit log of a request whose client left before the response. It is never sent."""

_log = logging.getLogger("policycortex.api")
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UNTRACED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CSP: Final = b"content-security-policy"
_API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; sandbox"


class RequestMiddleware:
    """Wraps the whole application, so that every response has an id, and every error the documented body."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app, self._services = app, services
        self._addresses = ClientAddresses(services.settings.trusted_proxies or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._addresses.apply(scope)
        exchange = _Exchange(scope, receive, send, services=self._services)
        with self._services.metrics.active.track_inprogress(), self._tracing(scope) as span:
            await exchange.serve(self._app)
            exchange.describe(span)
        exchange.count(self._services.metrics)

    def _tracing(self, scope: Scope) -> AbstractContextManager[TraceSpan]:
        """The span of the request, below the caller's own; none for what monitoring asks every few seconds."""
        tracing = NO_TRACING if scope["path"] in _UNTRACED else self._services.tracing
        return tracing.span("request", parent=Headers(scope=scope).get("traceparent"))


class _TooLargeError(Exception):
    """The body exceeded the limit while it was read."""


class _UnrecordedError(Exception):
    """The outcome cannot be written to the audit log, so the response is not sent.

    Not an UnavailableError: Starlette's exception handlers take the response as begun and would raise RuntimeError.
    """


def _most_bytes(scope: Scope, settings: Settings) -> int:
    """The largest body that the request may have."""
    if is_findings_upload(scope):
        return settings.max_upload_bytes
    return settings.max_evidence_bytes if is_attestation_upload(scope) else MAX_BODY_BYTES


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, services: Services) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self._id = given if _CLIENT_ID.fullmatch(given) else f"req_{secrets.token_hex(8)}"
        scope["policycortex.request_id"] = self._id
        self._scope, self._receive, self._send = scope, receive, send
        self._record, self._limiter = RequestRecord(services, scope), services.anonymous_limiter
        self._most_bytes = _most_bytes(scope, services.settings)
        self._status, self._read_bytes, self._started_at = 0, 0, time.perf_counter()

    async def serve(self, app: ASGIApp) -> None:
        try:
            if _is_open(self._scope["path"]):
                self._count_anonymous()
            if (refusal := self._refusal()) is not None:
                await self._respond(*refusal)
            else:
                self._record.enter()
                await app(self._scope, self._receive_limited, self._send_completed)
        except ApiError as error:  # above the limit; those of the application have its own handler
            self._scope["policycortex.headers"] = error.headers
            await self._respond(error.kind, str(error))
        except ClientDisconnect:
            if not self._status:
                self._status = CLIENT_LEFT
                self._record_outcome(CLIENT_LEFT)
        except _TooLargeError:
            await self._respond(error_codes.TOO_LARGE, f"The body has more than {self._most_bytes} bytes")
        except (UnavailableError, _UnrecordedError) as error:
            if self._status:
                raise
            self._scope["policycortex.headers"] = RETRY_HEADERS
            await self._respond(error_codes.UNAVAILABLE, str(error))
        except Exception:
            _log.exception("request failed", extra={"request_id": self._id})
            if self._status:
                raise  # the response has begun: only a broken connection informs the client
            await self._respond(error_codes.INTERNAL, "Internal error; the log has it under this request_id")
        finally:
            self._log_line()

    def count(self, metrics: Metrics) -> None:
        route = _route(self._scope)
        metrics.requests.labels(_method(self._scope), route, str(self._status)).inc()
        metrics.seconds.labels(route).observe(time.perf_counter() - self._started_at)

    def describe(self, span: TraceSpan) -> None:
        """The route's pattern, as in the log: a path can contain a link's token."""
        method, route = _method(self._scope), _route(self._scope)
        span.rename(f"{method} {route}")
        span.note(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": self._status,
                "policycortex.request_id": self._id,
            }
        )
        if self._status >= 500:
            span.fail(str(self._scope.get("policycortex.error_code", self._status)))

    def _count_anonymous(self) -> None:
        client = self._scope["client"]
        self._limiter.count(client[0] if client else None)

    def _refusal(self) -> tuple[ErrorCode, str] | None:
        headers = Headers(scope=self._scope)
        if sum(len(name) + len(value) for name, value in self._scope["headers"]) > MAX_HEADER_BYTES:
            return error_codes.HEADERS_TOO_LARGE, f"The headers have more than {MAX_HEADER_BYTES} bytes"
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._most_bytes:
            return error_codes.TOO_LARGE, f"The body has more than {self._most_bytes} bytes"
        if (coding := _content_coding(headers)) is not None:
            return error_codes.WRONG_MEDIA_TYPE, f"Send the body without Content-Encoding, not as {coding[:64]}"
        return None

    async def _receive_limited(self) -> Message:
        message = await self._receive()
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > self._most_bytes:
            raise _TooLargeError
        return message

    async def _send_completed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._record_outcome(message["status"])
            self._status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._added_headers(message)]}
        await self._send(message)

    def _record_outcome(self, status: int) -> None:
        """Write the audit event before the response. A refusal is sent even if the event cannot be written."""
        try:
            self._record.end(status)
        except UnavailableError as error:
            if status < 400:
                raise _UnrecordedError(str(error)) from error
            _log.warning("a refusal is not in the audit log", extra={"request_id": self._id, "reason": str(error)})

    def _added_headers(self, message: Message) -> Iterator[tuple[bytes, bytes]]:
        """Headers of every response, unless it has them already."""
        given = {name.lower(): value for name, value in message.get("headers", ())}
        yield b"x-request-id", self._id.encode()
        limits = self._scope.get("policycortex.headers", {})
        for lower, text in (*((name.lower().encode(), value.encode()) for name, value in limits.items()), *_SECURITY):
            if lower not in given:
                yield lower, text
        is_page = given.get(b"content-type", b"").startswith(b"text/html")
        if _CSP not in given and not (is_page and b"attachment" not in given.get(b"content-disposition", b"")):
            yield _CSP, _API_POLICY

    async def _respond(self, kind: ErrorCode, description: str) -> None:
        note_error(self._scope, kind, description)
        content = json.dumps(error_body(kind, description, request_id=self._id)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await self._send_completed({"type": "http.response.start", "status": kind.status, "headers": headers})
        await self._send_completed({"type": "http.response.body", "body": content})

    def _log_line(self) -> None:
        fields = {
            "request_id": self._id,
            "method": self._scope["method"],
            # the route's pattern, not the path: a path can contain a link's token
            "route": _route(self._scope),
            "status": self._status,
            "duration_ms": round((time.perf_counter() - self._started_at) * 1000, 1),
            "key_id": self._scope.get("policycortex.key_id"),
            "report_id": self._scope.get("path_params", {}).get("report_id"),
            "error_code": self._scope.get("policycortex.error_code") if self._status >= 500 else None,
            "reason": self._scope.get("policycortex.reason"),
        }
        level = logging.WARNING if self._status >= 500 else logging.INFO
        _log.log(level, "request", extra={key: value for key, value in fields.items() if value is not None})


def _content_coding(headers: Headers) -> str | None:
    """The coding of the body, such as ``gzip``. None for a plain body and without a body."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    codings = ", ".join(headers.getlist("content-encoding")).strip()
    return codings if codings.lower() not in {"", "identity"} else None


def _is_open(path: str) -> bool:
    """Whether the path needs no key. ``/healthz`` costs nothing and is what supervisors ask: it is never limited."""
    return path.startswith("/v1/links/") or (not path.startswith("/v1/") and path != "/healthz")


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "(none)"))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "(other)"
