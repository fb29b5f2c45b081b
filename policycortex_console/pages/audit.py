"""The audit log: who did what, when, with which outcome."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.forms import backend_of, person_of
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_FILTERS: Final = ("action", "actor", "subject", "outcome")


async def show_audit(request: Request) -> Response:
    """The screen; newest first."""
    wanted = {name: request.query_params.get(name, "") for name in _FILTERS}
    page = await backend_of(request).get("/v1/audit-trail", limit=PAGE_SIZE, offset=offset_of(request), **wanted)
    paging = paging_of(request, page["pagination"], len(page["records"]))
    context = {"records": page["records"], "paging": paging, "wanted": wanted}
    return render(request, "audit.html", context, person=person_of(request))


ROUTES: Final = (Route("/audit", show_audit, methods=["GET"]),)
