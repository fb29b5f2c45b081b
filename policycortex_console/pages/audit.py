"""The audit log: who did what, when, with which outcome."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from policycortex_console.forms import backend_of, person_of
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_FILTERS: Final = ("action", "actor", "subject", "outcome")
_OUTCOMES: Final = ("done", "refused", "failed", "unknown")
_WRITTEN: Final = frozenset({"method", "route", "query", "status"})
"""Details that have a line or column of their own."""
_MOST_LINES: Final = 8
_LONGEST: Final = 200


async def show_audit(request: Request) -> Response:
    """The screen; newest first."""
    wanted = {name: request.query_params.get(name, "") for name in _FILTERS}
    page = await backend_of(request).get("/v1/audit-trail", limit=PAGE_SIZE, offset=offset_of(request), **wanted)
    paging = paging_of(request, page["pagination"], len(page["records"]))
    records = [{**each, "shown": lines_of(each["details"])} for each in page["records"]]
    context = {"records": records, "paging": paging, "wanted": wanted, "outcomes": _OUTCOMES}
    return render(request, "audit.html", context, person=person_of(request))


def lines_of(details: Mapping[str, Any]) -> list[str]:
    """What a record says beside its subject: of a read the method and route with their values; one detail a line."""
    values = {name: _shown(value) for name, value in details.items()}
    route = " ".join(values[name] for name in ("method", "route") if name in values)
    query = ", ".join(map(unquote_plus, values.get("query", "").split("&")))
    others = [f"{name}: {value}" for name, value in values.items() if value and name not in _WRITTEN]
    return [line for line in (route, query, *others) if line][:_MOST_LINES]


def _shown(value: object) -> str:
    written = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"


ROUTES: Final = (Route("/audit", show_audit, methods=["GET"]),)
