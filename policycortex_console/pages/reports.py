"""The list of reports, with filters."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex.names import ReportStatus, ReportType
from policycortex_console.forms import backend_of, person_of
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_FILTERS: Final = ("q", "type", "framework", "status")


async def show_reports(request: Request) -> Response:
    """The screen; newest first."""
    backend = backend_of(request)
    wanted = {name: request.query_params.get(name, "") for name in _FILTERS}
    page = await backend.get("/v1/reports", limit=PAGE_SIZE, offset=offset_of(request), **wanted)
    frameworks = await backend.get("/v1/frameworks")
    context = {
        "reports": page["reports"],
        "paging": paging_of(request, page["pagination"], len(page["reports"])),
        "wanted": wanted,
        "is_filtered": any(wanted.values()),
        "types": [each.value for each in ReportType],
        "statuses": [each.value for each in ReportStatus],
        "frameworks": frameworks["frameworks"],
        "names": {each["id"]: each["name"] for each in frameworks["frameworks"]},
    }
    return render(request, "reports.html", context, person=person_of(request))


ROUTES: Final = (Route("/reports", show_reports, methods=["GET"]),)
