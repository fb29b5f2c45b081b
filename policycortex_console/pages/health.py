"""Health: whether reports can be made and sent now."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, person_of
from policycortex_console.rendering import render


async def show_health(request: Request) -> Response:
    """The state of each part, as ``/readyz`` has it, and deliveries that failed."""
    backend = backend_of(request)
    try:
        ready = await backend.get("/readyz")
    except ApiRefusalError as refusal:
        if refusal.status != 503:
            raise
        ready = refusal.body
    failed = await backend.get("/v1/deliveries", status="failed", limit=20)
    context = {"parts_of_system": ready.get("parts", []), "failed": failed["deliveries"]}
    return render(request, "health.html", context, person=person_of(request))


ROUTES: Final = (Route("/health", show_health, methods=["GET"]),)
