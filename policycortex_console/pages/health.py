"""Health: whether reports can be made and sent now, and whether receivers answer."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, person_of, post
from policycortex_console.rendering import render


async def show_health(request: Request) -> Response:
    """The state of each part, as ``/readyz`` has it, connections, and deliveries that failed."""
    return await _page(request)


async def try_connection(request: Request, _form: FormData) -> Response:
    """Try one connection, and show what it answered."""
    name = quote(request.path_params["connection_name"], safe="")
    return await _page(request, tested=await backend_of(request).post(f"/v1/connections/{name}/test"))


async def _page(request: Request, *, tested: Mapping[str, Any] | None = None) -> Response:
    backend, person = backend_of(request), person_of(request)
    try:
        ready = await backend.get("/readyz")
    except ApiRefusalError as refusal:
        if refusal.status != 503:
            raise
        ready = refusal.body
    failed = await backend.get("/v1/deliveries", status="failed", limit=20)
    connections = await backend.get("/v1/connections") if person.may("admin") else None
    context = {
        "parts_of_system": ready.get("parts", []),
        "failed": failed["deliveries"],
        "connections": connections["connections"] if connections else None,
        "tested": tested,
    }
    return render(request, "health.html", context, person=person)


ROUTES: Final = (
    Route("/health", show_health, methods=["GET"]),
    post("/health/connections/{connection_name}/test", try_connection),
)
