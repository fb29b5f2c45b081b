"""``/mcp`` before the API: the protocol over streamable HTTP, without sessions: any process answers any request.

Each request needs an API key. Tools call the API in this process with the headers of the request.
"""

import hashlib
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
from cachetools import TTLCache
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context, MCPServer

    from policycortex_mcp.backend import ToolBackend

PATH: Final = "/mcp"
_PASSED_ON: Final = ("authorization", "x-forwarded-for", "x-forwarded-proto", "forwarded")
_CHECKED_SECONDS: Final = 5.0
_MOST_CHECKED: Final = 10_000
_MOST_BODY_BYTES: Final = 1 << 20
"""As of the API's own requests."""


class McpEndpoint:
    """Answers ``/mcp`` and passes everything else on."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        """``api`` is called by the tools; ``app``, which may be a front before it, answers other paths."""
        self._app, self._api = app, api
        self._checked: TTLCache[str, None] = TTLCache(maxsize=_MOST_CHECKED, ttl=_CHECKED_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan and other paths go to the application."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if _is_of_another_origin(headers):
            await _refuse(send, 403, {"error_description": "the request comes from a page of another origin"})
        elif (refusal := await self._refusal(scope, headers)) is not None:
            body = refusal.json() if refusal.content else {}
            await _refuse(send, refusal.status_code, body, www_authenticate=refusal.headers.get("www-authenticate"))
        elif scope["method"] != "POST":  # without sessions nothing is sent between requests
            await _refuse(send, 405, {"error_description": "send the messages of the protocol by POST"}, allow="POST")
        else:
            await self._serve_bounded(scope, receive, send)

    async def _serve_bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, which the library would take without a limit, and serve the request."""
        body = await _read_body(receive)
        if body is None:
            message = f"the body has more than {_MOST_BODY_BYTES} bytes"
            await _refuse(send, 413, {"error_description": message})
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._serve(scope, receive_again, send)

    async def _refusal(self, scope: Scope, headers: Headers) -> httpx.Response | None:
        """The API's answer to a key that it refuses. A key is asked about again after five seconds; tools, always."""
        known = "\n".join([str(scope.get("client")), *(headers.get(name, "") for name in _PASSED_ON)])
        digest = hashlib.sha256(known.encode()).hexdigest()
        if digest in self._checked:
            return None
        async with self._client(scope, headers) as client:
            response = await client.get("/v1/me")
        if response.is_error:
            return response
        self._checked[digest] = None
        return None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415 - takes 18 MB

        manager = StreamableHTTPSessionManager(
            app=self._server._lowlevel_server,  # noqa: SLF001 - the library's own way to make a manager
            stateless=True,
            json_response=True,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    @cached_property
    def _server(self) -> "MCPServer[Any]":
        from policycortex_mcp.server import make_server  # noqa: PLC0415 - as above

        return make_server(self._connect)

    def _connect(self, ctx: "Context[Any, Any]") -> "ToolBackend":
        from policycortex_mcp.backend import ToolBackend  # noqa: PLC0415 - as above

        request = ctx.request_context.request
        if request is None:
            raise RuntimeError("the request of a tool over HTTP is not there")
        return ToolBackend(self._client(request.scope, request.headers))

    def _client(self, scope: Scope, headers: Headers) -> httpx.AsyncClient:
        client = scope.get("client") or ("", 0)
        host = headers.get("host", "localhost")
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self._api, client=(client[0], client[1])),
            base_url=f"{scope.get('scheme', 'http')}://{host}",
            headers={name: headers[name] for name in _PASSED_ON if name in headers},
        )


def _is_of_another_origin(headers: Headers) -> bool:
    """Whether a page of another site sends the request. Programs send no Origin."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


async def _read_body(receive: Receive) -> bytes | None:
    """The body of a request; None as soon as it is too large. Raises ClientDisconnect."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > _MOST_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _refuse(send: Send, status: int, body: dict[str, Any], **headers: str | None) -> None:
    """The answer of the endpoint itself, with these headers (``_`` for ``-``) where they are given."""
    content = json.dumps(body).encode()
    sent = {"content-type": "application/json", "content-length": str(len(content))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items() if value}
    encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})
