"""Search over findings, with the scanner's own words."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex.names import FindingStatus, Severity
from policycortex_console.forms import backend_of, person_of
from policycortex_console.paging import PAGE_SIZE
from policycortex_console.rendering import render

LOOKBACK_DAYS: Final = 35
"""Scans older than this do not count; the days over which trends carry a scan unless it is set otherwise."""
_FILTERS: Final = ("status", "severity", "framework", "checks", "accounts", "regions", "services")
_STATUSES: Final = (
    (FindingStatus.FAIL.value, "Failed"),
    (FindingStatus.PASS.value, "Passed"),
    (FindingStatus.MANUAL.value, "For a person"),
)


async def show_findings(request: Request) -> Response:
    """The screen; failing findings first, the most severe first."""
    backend = backend_of(request)
    wanted = {name: request.query_params.get(name, "").strip() for name in (*_FILTERS, "day")}
    given = {name: wanted[name] for name in _FILTERS}
    answer = await backend.get("/v1/findings", **given, **page_parameters(request))
    context = {
        "answer": answer,
        "after": next_address(request, answer["next_cursor"]),
        "wanted": wanted,
        "statuses": _STATUSES,
        "severities": [each.value for each in Severity],
        "frameworks": (await backend.get("/v1/frameworks"))["frameworks"],
        "lookback": LOOKBACK_DAYS,
    }
    return render(request, "findings.html", context, person=person_of(request))


def page_parameters(request: Request) -> dict[str, object]:
    """Time and page in the address, as parameters of the API."""
    return {
        "as_of": as_of(request),
        "lookback_days": LOOKBACK_DAYS,
        "limit": PAGE_SIZE,
        "cursor": request.query_params.get("cursor"),
    }


def as_of(request: Request) -> str | None:
    """The end of the day in the address; None for now."""
    day = request.query_params.get("day", "")
    return f"{day}T23:59:59Z" if day else None


def next_address(request: Request, cursor: str | None) -> str | None:
    """The page after this one; None on the last."""
    if cursor is None:
        return None
    return f"{request.url.path}?{urlencode({**request.query_params, 'cursor': cursor})}"


ROUTES: Final = (Route("/findings", show_findings, methods=["GET"]),)
