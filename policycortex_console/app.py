"""The console before the API: one ASGI application that serves pages itself and passes everything else on.

For people who open an address of the API in a browser, a download link is a page about its file, and errors are pages
instead of JSON.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from policycortex.security.address_limits import AddressLimiter
from policycortex.security.client_address import ClientAddresses
from policycortex.settings import Settings
from policycortex_console.error_pages import ERROR_HANDLERS, ErrorPages
from policycortex_console.guard import ConsoleGuard
from policycortex_console.link_pages import LinkPages
from policycortex_console.pages import (
    attestations,
    audit,
    auditors,
    controls,
    deliveries,
    evidence_requests,
    findings,
    health,
    imports,
    keys,
    milestones,
    order,
    overview,
    report,
    reports,
    schedules,
    sign_in,
    static,
    waivers,
)
from policycortex_console.people import People

SIGN_INS_PER_MINUTE: Final = 20
"""Attempts from one network address."""
SCREENS: Final = (
    static,
    sign_in,
    overview,
    order,
    reports,
    report,
    controls,
    findings,
    schedules,
    deliveries,
    waivers,
    attestations,
    evidence_requests,
    milestones,
    imports,
    auditors,
    keys,
    audit,
    health,
)
"""``order`` before ``report``: its path would otherwise match as a report id."""


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


class Console:
    """Serves the paths of the screens; all other paths are the API's."""

    def __init__(
        self,
        api: ASGIApp,
        settings: Settings,
        *,
        now: Callable[[], datetime] = utc_now,
        sign_ins_per_minute: int = SIGN_INS_PER_MINUTE,
    ) -> None:
        people = People(settings, now=now)
        routes = [route for screen in SCREENS for route in screen.ROUTES]
        pages = Starlette(routes=routes, exception_handlers=ERROR_HANDLERS)
        pages.state.api, pages.state.people, pages.state.now = api, people, now
        pages.state.attempts = AddressLimiter(sign_ins_per_minute, 60.0)
        pages.router.redirect_slashes = False
        self._firsts = {route.path.split("/")[1] for route in routes} - {""}
        self._addresses = ClientAddresses(settings.trusted_proxies or ())
        self._pages = ConsoleGuard(pages, people=people, settings=settings)
        self._api = LinkPages(ErrorPages(api))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan and everything else goes to the API."""
        if scope["type"] == "http" and self._is_page(scope):
            self._addresses.apply(scope)
            await self._pages(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    def _is_page(self, scope: Scope) -> bool:
        path = scope["path"]
        if path == "/":
            return "text/html" in Headers(scope=scope).get("accept", "")
        return path.startswith("/") and path.split("/", 2)[1] in self._firsts
