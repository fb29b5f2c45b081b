"""Errors as pages: of the console itself, and of the API where a person opened its address in a browser."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policycortex.errors import UnavailableError
from policycortex_console.backend import ApiRefusalError
from policycortex_console.people import Person
from policycortex_console.rendering import render

_TITLES: Final = {
    400: "This request is not valid",
    401: "Sign in to see this page",
    403: "You may not do this",
    404: "This page does not exist",
    409: "This is not possible now",
    410: "This is no longer available",
    413: "This is too large",
    429: "Too many requests",
    503: "The service is not available",
}
_LINK_TITLES: Final = {404: "This link does not exist", 410: "This link has ended"}
_FOR_PROGRAMS: Final = "This is an address of the API, for programs with a key. People see the same in the console."
_REPEATED: Final = "; ask for a new one"
"""What the API says of a link that has ended, and the page in a sentence of its own."""
_MOST_BYTES: Final = 64 * 1024


def error_page(
    request: Request,
    status: int,
    text: str,
    *,
    person: Person | None,
    reasons: Iterable[str] = (),
    request_id: str = "",
    is_link: bool = False,
) -> Response:
    """A page that says what went wrong and what to do next."""
    titles = {**_TITLES, **(_LINK_TITLES if is_link else {})}
    context = {
        "title": titles.get(status, "Something went wrong"),
        "status": status,
        "text": text,
        "reasons": list(reasons),
        "request_id": request_id,
        "is_link": is_link,
    }
    return render(request, "error.html", context, person=person, status=status)


async def on_refusal(request: Request, error: ApiRefusalError) -> Response:
    """The page for a refusal of the API."""
    reasons = [f"{each.field}: {each.message}" for each in error.details]
    person = request.state.person
    return error_page(request, error.status, str(error), person=person, reasons=reasons, request_id=error.request_id)


async def on_unavailable(request: Request, error: UnavailableError) -> Response:
    """The page while the registry does not answer."""
    return error_page(request, 503, str(error), person=request.state.person)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """The page for what Starlette refuses, such as an unknown path below a screen."""
    explanation = "" if error.status_code in _TITLES else error.detail
    return error_page(request, error.status_code, explanation, person=request.state.person)


async def on_fault(request: Request, _error: Exception) -> Response:
    """The page for an error of the console itself. The exception is raised again, and the server logs it."""
    explanation = "The page could not be made. The log of the API process has the reason."
    return error_page(request, 500, explanation, person=request.state.person)


ERROR_HANDLERS: Final[Mapping[Any, Any]] = {
    ApiRefusalError: on_refusal,
    UnavailableError: on_unavailable,
    HTTPException: on_http_error,
    Exception: on_fault,
}


class ErrorPages:
    """Passes requests to the API; an error for a browser's navigation becomes a page. Programs get what they got."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_navigation(scope):
            await self._api(scope, receive, send)
            return
        await self._api(scope, receive, JsonToPage(scope, receive, send, _is_error, _make_error_page))


class JsonToPage:
    """A ``send`` that keeps the JSON answers that are ``wanted``, and sends the page that ``make`` makes of each."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        wanted: Callable[[int], bool],
        make: Callable[[Request, int, Mapping[str, Any]], Response],
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._wanted, self._make = wanted, make
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._wanted(message["status"]) and _is_json(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")[:_MOST_BYTES]
            if not message.get("more_body", False):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        page = self._make(Request(self._scope), start["status"], json.loads(self._body or b"{}"))
        kept = (b"x-request-id", b"retry-after", b"www-authenticate")
        page.raw_headers += [pair for pair in start["headers"] if pair[0].lower() in kept]
        page.raw_headers += [
            (
                b"content-security-policy",
                b"default-src 'none'; style-src 'self'; font-src 'self'; frame-ancestors 'none'",
            ),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
        ]
        await page(self._scope, self._receive, self._send)


def is_navigation(scope: Scope) -> bool:
    """Whether a person opened the address: browsers ask for HTML then, and programs do not."""
    headers = Headers(scope=scope)
    return scope["method"] == "GET" and "text/html" in headers.get("accept", "") and "authorization" not in headers


def _make_error_page(request: Request, status: int, body: Mapping[str, Any]) -> Response:
    text, is_link = str(body.get("error_description", "")), request.url.path.startswith("/v1/links/")
    if status == 401:
        text = _FOR_PROGRAMS
    elif is_link:
        text = text.removesuffix(_REPEATED)
    return error_page(request, status, text, person=None, request_id=str(body.get("request_id", "")), is_link=is_link)


def _is_error(status: int) -> bool:
    return status >= 400


def _is_json(message: Message) -> bool:
    return Headers(raw=message.get("headers", [])).get("content-type", "").startswith("application/json")
