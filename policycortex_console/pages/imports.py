"""Imports: upload a findings file, see what was kept and what was not, and why."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import FORM_TOKEN, backend_of, has_form_token, person_of, refuse_form
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render
from policycortex_console.uploads import pass_on, reasons_of, upload_address

_OPEN: Final = ("pending", "running")
_ABOUT_THE_FILE: Final = (400, 409, 413)
"""Refusals after which another file may be chosen."""


async def show_imports(request: Request) -> Response:
    """The list with the form."""
    return await _list(request, problem="", status=200)


async def upload(request: Request) -> Response:
    """Pass the file on to the API as it arrives: it may be larger than the memory.

    The form's token is in the address, because the body is not read here.
    """
    if not has_form_token(request, request.query_params.get(FORM_TOKEN, "")):
        return refuse_form(request)
    try:
        accepted = await pass_on(request, "/v1/imports")
    except ApiRefusalError as refusal:
        if refusal.status not in _ABOUT_THE_FILE:
            raise
        return await _list(request, problem=reasons_of(refusal), status=400)
    return RedirectResponse(f"/imports/{accepted['id']}", status_code=303)


async def show_import(request: Request) -> Response:
    """One import: its files, and the records that were not kept."""
    backend, id_ = backend_of(request), quote(request.path_params["import_id"], safe="")
    found = await backend.get(f"/v1/imports/{id_}")
    records = await backend.get(f"/v1/imports/{id_}/quarantine", limit=PAGE_SIZE, offset=offset_of(request))
    context = {
        "found": found,
        "is_open": found["status"] in _OPEN,
        "order": _order_of(found),
        "records": records["records"],
        "paging": paging_of(request, records["pagination"], len(records["records"])),
    }
    return render(request, "import.html", context, person=person_of(request))


def _order_of(found: Mapping[str, Any]) -> str:
    """The address of the order form for the days of the findings; "" without a day."""
    days = sorted(day for file in found["files"] for day in file["dates"])
    if not days:
        return ""
    return f"/reports/new?{urlencode({'range': 'custom', 'start': days[0], 'end': days[-1]})}"


async def _list(request: Request, *, problem: str, status: int) -> Response:
    page = await backend_of(request).get("/v1/imports", limit=PAGE_SIZE, offset=offset_of(request))
    context = {
        "imports": page["imports"],
        "paging": paging_of(request, page["pagination"], len(page["imports"])),
        "action": upload_address(request, "/imports"),
        "problem": problem,
    }
    return render(request, "imports.html", context, person=person_of(request), status=status)


ROUTES: Final = (
    Route("/imports", show_imports, methods=["GET"]),
    Route("/imports", upload, methods=["POST"]),
    Route("/imports/{import_id}", show_import, methods=["GET"]),
)
