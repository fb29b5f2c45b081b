"""Files of the API, passed on as they come: with ranges, digests and names, and without holding them in memory."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from policycortex_console.backend import AsPerson
from policycortex_console.error_pages import ErrorPages
from policycortex_console.forms import person_of

_INLINE_POLICY: Final = (
    b"sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    b"img-src data:; font-src data:; frame-ancestors 'self'"
)
_DROPPED: Final = frozenset({b"content-disposition", b"content-security-policy", b"x-frame-options"})


def send_through(request: Request, path: str) -> Response:
    """The API's own answer to this request at another path, as the person."""
    return _Passed(request, path, is_inline=False)


def send_inline(request: Request, path: str) -> Response:
    """An HTML file of the API to be read in a frame. Its own script runs in an origin of its own."""
    return _Passed(request, path, is_inline=True)


class _Passed(Response):
    """Not a response with a body of its own: it is made when it is sent."""

    def __init__(self, request: Request, path: str, *, is_inline: bool) -> None:
        super().__init__()
        self._api = ErrorPages(AsPerson(request.app.state.api, person_of(request)))
        self._path, self._is_inline = path, is_inline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_shown(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                kept = [pair for pair in message["headers"] if pair[0].lower() not in _DROPPED]
                headers = [*kept, (b"content-security-policy", _INLINE_POLICY), (b"x-frame-options", b"SAMEORIGIN")]
                message = {**message, "headers": headers}
            await send(message)

        changed = {**scope, "path": self._path, "raw_path": self._path.encode(), "query_string": b""}
        await self._api(changed, receive, send_shown if self._is_inline else send)
