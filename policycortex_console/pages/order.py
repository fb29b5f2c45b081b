"""The form by which a report is requested."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.names import ReportFormat, ReportType
from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, choices, lines, person_of, post, text
from policycortex_console.rendering import render

RANGES: Final = (
    ("last_month", "Last month"),
    ("last_30_days", "Last 30 days"),
    ("last_7_days", "Last 7 days"),
    ("last_quarter", "Last quarter"),
    ("last_year", "Last year"),
    ("month_to_date", "This month so far"),
    ("quarter_to_date", "This quarter so far"),
    ("year_to_date", "This year so far"),
    ("custom", "Other dates"),
)
"""Words of the API for a period, and what the form calls them."""
_MOST_NOTICE: Final = 1500
_FIRST: Final = time(0, 0, 0)
_LAST: Final = time(23, 59, 59)
"""Of a day, as the API reads a period of whole days."""
_PROVIDERS: Final = ("aws", "azure", "gcp", "kubernetes")
_DETAILS: Final = (("true", "Failing findings"), ("all", "All findings"), ("false", "No findings"))
_LISTS: Final = ("environments", "accounts", "account_groups", "services", "regions", "owners")
"""Filters of the scope that take several values, as the API names them."""
_LINKED: Final = ("type", "framework", "range", "start", "end")
"""Fields whose values another screen may give in the address."""
_DEFAULTS: Final[Mapping[str, Any]] = {
    "name": "",
    "type": "compliance",
    "framework": "soc2",
    "range": "last_month",
    "start": "",
    "end": "",
    "timezone": "UTC",
    "formats": ["pdf", "excel"],
    "environments": [],
    "providers": [],
    "accounts": [],
    "account_groups": [],
    "services": [],
    "regions": [],
    "owners": [],
    "tags": [],
    "details": "true",
    "locale": "en",
}


async def show_order(request: Request) -> Response:
    """The form, with values from the address, so that other screens can link to a prepared order."""
    if not person_of(request).may("reports:write"):
        raise HTTPException(403)
    given = {**_DEFAULTS, **{name: request.query_params[name] for name in _LINKED if name in request.query_params}}
    return await _form(request, given, problems={}, status=200)


async def show_preview(request: Request, form: FormData) -> Response:
    """What the report would have: the part of the page where htmx asked for it, else the form with it."""
    given = _given(form)
    preview: Mapping[str, Any] | None = None
    problems: Mapping[str, str] = {}
    try:
        preview = await backend_of(request).post("/v1/reports/preview", body_of(given))
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409, 410}:
            raise
        problems = refusal.problems() or {"": str(refusal)}
    if request.headers.get("hx-request") != "true":
        return await _form(request, given, problems={}, status=200, preview=preview, open_points=problems)
    frameworks = await backend_of(request).get("/v1/frameworks")
    context = {"preview": preview, "problems": problems, "names": _names(frameworks["frameworks"]), "is_part": True}
    return render(request, "order_preview.html", context, person=person_of(request))


async def send_order(request: Request, form: FormData) -> Response:
    """Request the report and go to its page; on a refusal, the form again with what is wrong."""
    given = _given(form)
    try:
        accepted = await backend_of(request).post("/v1/reports", body_of(given))
    except ApiRefusalError as refusal:
        if refusal.status != 400:
            raise
        return await _form(request, given, problems=refusal.problems() or {"": str(refusal)}, status=400)
    notice = " ".join(warning["message"] for warning in accepted["warnings"])[:_MOST_NOTICE]
    query = f"?{urlencode({'notice': notice})}" if notice else ""
    return RedirectResponse(f"/reports/{accepted['id']}{query}", status_code=303)


def body_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The body of POST /v1/reports for the values of the form; what was left empty is left out, but for the name."""
    scope: dict[str, Any] = {
        "cloud_providers": given["providers"],
        **{name: given[name] for name in _LISTS},
        "tags": _tags(given["tags"]),
        "timezone": given["timezone"],
    }
    if given["range"] == "custom":
        first, last = (_moment(given[name], given["timezone"], at) for name, at in (("start", _FIRST), ("end", _LAST)))
        scope["date_range"] = {"start": first, "end": last}
    else:
        scope["date_range_type"] = given["range"]
    details = {"true": True, "false": False}.get(given["details"], given["details"])
    options = {"include_detailed_findings": details, "locale": given["locale"]}
    name = given["name"] or " ".join(part for part in (given["framework"], given["type"], "report") if part)
    body = {"name": name, "type": given["type"], "framework": given["framework"]}
    return {
        **{name: value for name, value in body.items() if value},
        "scope": {name: value for name, value in scope.items() if value},
        "format_options": {"formats": given["formats"], **{k: v for k, v in options.items() if v != ""}},
    }


def _moment(day: str, zone: str, at: time) -> str:
    """The time of that day in the zone, UTC by default; what is no day or no zone stays, and the API says so."""
    try:
        return datetime.combine(date.fromisoformat(day), at, ZoneInfo(zone or "UTC")).isoformat()
    except (ValueError, OSError, ZoneInfoNotFoundError):  # a folder of the zone database is an OSError
        return day


def _tags(pairs: Sequence[str]) -> dict[str, list[str]]:
    """``key=value`` pairs as the API has them: values by key. It refuses a pair without a value."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        found.setdefault(key.strip(), []).append(value.strip())
    return found


def _given(form: FormData) -> dict[str, Any]:
    one = ("name", "type", "framework", "range", "start", "end", "timezone", "details", "locale")
    return {
        **{name: text(form, name) for name in one},
        "formats": choices(form, "formats"),
        "providers": choices(form, "providers"),
        **{name: lines(form, name) for name in (*_LISTS, "tags")},
    }


async def _form(
    request: Request,
    given: Mapping[str, Any],
    *,
    problems: Mapping[str, str],
    status: int,
    preview: Mapping[str, Any] | None = None,
    open_points: Mapping[str, str] | None = None,
) -> Response:
    """``open_points`` is why there is no preview."""
    frameworks = await backend_of(request).get("/v1/frameworks")
    context = {
        "given": given,
        "problems": problems,
        "frameworks": frameworks["frameworks"],
        "types": [each.value for each in ReportType],
        "formats": [each.value for each in ReportFormat],
        "ranges": RANGES,
        "providers": _PROVIDERS,
        "details": _DETAILS,
        "preview": preview,
        "open_points": open_points or {},
        "names": _names(frameworks["frameworks"]),
    }
    return render(request, "order.html", context, person=person_of(request), status=status)


def _names(frameworks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {each["id"]: each["name"] for each in frameworks}


ROUTES: Final = (
    Route("/reports/new", show_order, methods=["GET"]),
    post("/reports/new", send_order),
    post("/reports/new/preview", show_preview),
)
