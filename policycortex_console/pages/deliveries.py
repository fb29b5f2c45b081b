"""Deliveries of reports: send one again, or cancel one that waits. Pages of reports, schedules and health list them."""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from policycortex_console.forms import backend_of, post


async def replay(request: Request, _form: FormData) -> Response:
    """Send a failed, uncertain, withheld or cancelled delivery again, without its condition."""
    return await _act(request, "replay", "The delivery will be sent again.")


async def cancel(request: Request, _form: FormData) -> Response:
    """Cancel a delivery before it is sent."""
    return await _act(request, "cancel", "The delivery was cancelled.")


async def _act(request: Request, act: str, notice: str) -> Response:
    """Act, and go to the page of the delivery's report."""
    id_ = quote(request.path_params["delivery_id"], safe="")
    delivery = await backend_of(request).post(f"/v1/deliveries/{id_}/{act}")
    return RedirectResponse(f"/reports/{delivery['report_id']}?{urlencode({'notice': notice})}", status_code=303)


_AT: Final = "/deliveries/{delivery_id}"
ROUTES: Final = (post(f"{_AT}/replay", replay), post(f"{_AT}/cancel", cancel))
