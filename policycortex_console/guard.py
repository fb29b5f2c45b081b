"""What stands before every page: own host and origin, the session, and the headers of the response."""

from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policycortex.errors import RequestError, UnavailableError
from policycortex.security.web_access import LOOPBACK_NAMES, SiteGuard, needs_origin
from policycortex.settings import Settings
from policycortex_console.error_pages import error_page
from policycortex_console.people import People, Person

_OPEN: Final = ("/sign-in", "/static/")
"""Paths without a session."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class ConsoleGuard:
    """An ASGI application around the pages."""

    def __init__(self, pages: ASGIApp, *, people: People, settings: Settings) -> None:
        self._pages, self._people = pages, people
        self._public = settings.public_url
        self._sites: dict[int, SiteGuard] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        watched = _WithHeaders(send)
        response = await self._refusal(scope)
        person: Person | None = scope.get("state", {}).get("person")
        if person is not None and person.new_token is not None:
            seconds = int(self._people.limits.total.total_seconds())
            watched.cookie = self._people.cookie.to_header(person.new_token, max_age_seconds=seconds)
        if response is None:
            await self._pages(scope, receive, watched)
        else:
            await response(scope, receive, watched)

    async def _refusal(self, scope: Scope) -> Response | None:
        """The response to a request that no page may see, else None; then the scope has the person."""
        request = Request(scope)
        headers = _values(request.headers)
        site = self._site(scope)
        fault = site.find_fault(request.method, headers)
        if fault is None and needs_origin(request.method, is_websocket=False) and "origin" not in headers:
            fault = "a request that changes something needs the header Origin"
        if fault is not None:
            return error_page(request, 403, f"Refused: {fault}.", person=None)
        address = request.client.host if request.client else None
        try:
            cookies = request.headers.getlist("cookie")
            is_page = request.method == "GET" and "hx-request" not in headers  # a part may be abandoned by its page
            person = await to_thread.run_sync(lambda: self._people.find_person(cookies, address, may_rotate=is_page))
        except RequestError as error:
            return error_page(request, 403, str(error), person=None)
        except UnavailableError as error:
            return error_page(request, 503, str(error), person=None)
        scope.setdefault("state", {})["person"] = person
        if person is None and not request.url.path.startswith(_OPEN):
            if request.headers.get("hx-request") == "true":
                return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
            return RedirectResponse("/sign-in", status_code=303)
        return None

    def _site(self, scope: Scope) -> SiteGuard:
        """Reached by the public URL, or from this machine by the port that is served."""
        port = (scope.get("server") or ("", 80))[1] or 80
        if port not in self._sites:
            own = [f"http://{name}:{port}" for name in LOOPBACK_NAMES]
            self._sites[port] = SiteGuard([*own, *([self._public] if self._public else [])])
        return self._sites[port]


class _WithHeaders:
    """A ``send`` that adds the headers that a response has not."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.cookie = ""
        """Set-Cookie with a session's new token; "" for none."""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            own = (*_HEADERS, (b"set-cookie", self.cookie.encode())) if self.cookie else _HEADERS
            added = [pair for pair in own if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await self._send(message)


def _values(headers: Headers) -> dict[str, list[str]]:
    return {name: headers.getlist(name) for name in headers}
