"""Deliveries of reports: what was sent, what waits and why; send one again, or cancel one that waits.

Pages of reports, schedules and health list them, too.
"""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.names import DeliveryStatus
from policycortex_console.forms import backend_of, person_of, post
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_STATUSES: Final = tuple(each.value for each in DeliveryStatus)


async def show_deliveries(request: Request) -> Response:
    """The list, newest first, by status."""
    status = request.query_params.get("status", "")
    status = status if status in _STATUSES else ""
    found = await backend_of(request).get("/v1/deliveries", status=status, limit=PAGE_SIZE, offset=offset_of(request))
    context = {
        "deliveries": found["deliveries"],
        "status": status,
        "statuses": _STATUSES,
        "paging": paging_of(request, found["pagination"], len(found["deliveries"])),
    }
    return render(request, "deliveries.html", context, person=person_of(request))


async def show_delivery(request: Request) -> Response:
    """One delivery with every attempt and what the receiver answered."""
    backend = backend_of(request)
    delivery = await backend.get(_api(request))
    report = await backend.find(f"/v1/reports/{delivery['report_id']}")
    return render(request, "delivery.html", {"delivery": delivery, "report": report}, person=person_of(request))


async def replay(request: Request, _form: FormData) -> Response:
    """Send a failed, uncertain, withheld or cancelled delivery again, without its condition."""
    return await _act(request, "replay", "The delivery will be sent again.")


async def cancel(request: Request, _form: FormData) -> Response:
    """Cancel a delivery before it is sent."""
    return await _act(request, "cancel", "The delivery was cancelled.")


async def _act(request: Request, act: str, notice: str) -> Response:
    """Act, and go to the page of the delivery's report."""
    delivery = await backend_of(request).post(f"{_api(request)}/{act}")
    return RedirectResponse(f"/reports/{delivery['report_id']}?{urlencode({'notice': notice})}", status_code=303)


def _api(request: Request) -> str:
    return f"/v1/deliveries/{quote(request.path_params['delivery_id'], safe='')}"


_AT: Final = "/deliveries/{delivery_id}"
ROUTES: Final = (
    Route("/deliveries", show_deliveries, methods=["GET"]),
    Route(_AT, show_delivery, methods=["GET"]),
    post(f"{_AT}/replay", replay),
    post(f"{_AT}/cancel", cancel),
)
