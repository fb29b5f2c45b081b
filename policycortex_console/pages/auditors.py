"""Outside auditors: their grants, for the people who make them, and the page that an auditor sees."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, choices, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_NEWEST: Final = 20
_TEXTS: Final = ("name", "email", "start", "end", "expires_at", "note")


async def show_grants(request: Request) -> Response:
    """The list with the form."""
    return await _page(request)


async def create_grant(request: Request, form: FormData) -> Response:
    """Make a grant and show its link, once: the API does not tell it again."""
    given: dict[str, Any] = {name: text(form, name) for name in _TEXTS} | {"frameworks": choices(form, "frameworks")}
    body = {"name": given["name"], "frameworks": given["frameworks"], "note": given["note"]}
    body |= {name: f"{given[name]}T23:59:59Z" for name in ("end", "expires_at")} | {
        "start": f"{given['start']}T00:00:00Z"
    }
    if given["email"]:
        body["email"] = given["email"]
    try:
        made = await backend_of(request).post("/v1/grants", body)
    except ApiRefusalError as refusal:
        if refusal.status != 400:
            raise
        return await _page(request, given, problems=refusal.problems() or {"": str(refusal)}, status=400)
    return await _page(request, made=made)


async def revoke_grant(request: Request, _form: FormData) -> Response:
    """End a grant at once."""
    await backend_of(request).delete(f"/v1/grants/{quote(request.path_params['grant_id'], safe='')}")
    return RedirectResponse(f"/auditors?{urlencode({'notice': 'The grant was ended.'})}", status_code=303)


async def show_granted(request: Request) -> Response:
    """What the auditor who is signed in may see."""
    backend = backend_of(request)
    reports = await backend.get("/v1/reports", limit=_NEWEST)
    frameworks = (await backend.get("/v1/frameworks"))["frameworks"]
    context = {
        "grant": await backend.get("/v1/grants/mine"),
        "frameworks": frameworks,
        "names": {each["id"]: each["name"] for each in frameworks},
        "reports": reports["reports"],
        "report_count": reports["pagination"]["total"],
        "statements": (await backend.get("/v1/attestations", limit=_NEWEST))["attestations"],
    }
    return render(request, "granted.html", context, person=person_of(request))


async def _page(
    request: Request,
    given: Mapping[str, Any] | None = None,
    *,
    made: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    backend = backend_of(request)
    found = await backend.get("/v1/grants", limit=PAGE_SIZE, offset=offset_of(request))
    frameworks = (await backend.get("/v1/frameworks"))["frameworks"]
    context = {
        "grants": found["grants"],
        "paging": paging_of(request, found["pagination"], len(found["grants"])),
        "frameworks": frameworks,
        "names": {each["id"]: each["name"] for each in frameworks},
        "given": given or dict.fromkeys(_TEXTS, "") | {"frameworks": []},
        "made": made,
        "problems": problems or {},
    }
    return render(request, "auditors.html", context, person=person_of(request), status=status)


ROUTES: Final = (
    Route("/auditors", show_grants, methods=["GET"]),
    post("/auditors", create_grant),
    post("/auditors/{grant_id}/end", revoke_grant),
)
