"""Reads requests and changes them for Dagster, which gets neither cookies nor tokens."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import Message, Receive, Scope, Send

from pipelines.platform.webserver import ROLE
from policycortex.errors import RequestError

_RECEIVE_SECONDS: Final = 30.0
_REMOVED: Final = frozenset({b"cookie", b"authorization", b"content-length", b"content-encoding", b"transfer-encoding"})
_SECURITY: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
)


def header_values(scope: Scope) -> dict[str, list[str]]:
    """All values by lower-case name."""
    values: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return values


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """The whole body. Raises RequestError when it is too large, too slow, or its client has left."""
    body = bytearray()
    try:
        async with asyncio.timeout(_RECEIVE_SECONDS):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if message["type"] == "http.disconnect" or len(body) > limit:
                    raise RequestError(f"the body is incomplete, or has more than {limit} bytes")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RequestError(f"no complete request within {_RECEIVE_SECONDS:.0f} s") from None


def scope_for_dagster(scope: Scope, role: str, body: bytes | None = None) -> Scope:
    """The scope without secrets, and with the length of a body that was written anew."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _REMOVED]
    if body is not None:
        headers.append((b"content-length", str(len(body)).encode()))
    changed: MutableMapping[str, Any] = {**scope, "headers": headers, ROLE: role}
    return changed


def receive_of(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives this body, then what follows it."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given


class WatchedSend:
    """A ``send`` that adds headers and knows the status of the response."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        """0 until the response begins."""

    async def __call__(self, message: Message) -> None:
        """Send the message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in _SECURITY if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await self._send(message)
