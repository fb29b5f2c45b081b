"""Milestones of plans of action: people add steps of items, replace and complete them. No statement is changed."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render
from policycortex_console.uploads import reasons_of

_FILTERS: Final = ("item", "framework")
_FIELDS: Final = ("completes", "replaces", "item", "framework", "text", "due_on", "done_on", "role")


async def show_milestones(request: Request) -> Response:
    """The list with the form; the address names the items, and the milestone that a new one completes or replaces."""
    return await _page(request, {name: request.query_params.get(name, "") for name in _FIELDS})


async def add_milestone(request: Request, form: FormData) -> Response:
    """State a milestone. It stays as it is; a later one replaces or completes it."""
    given = {name: text(form, name) for name in _FIELDS}
    try:
        made = await backend_of(request).post("/v1/milestones", {name: value for name, value in given.items() if value})
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 404, 409}:
            raise
        return await _page(request, given, problems=refusal.problems() or {"": str(refusal)}, status=refusal.status)
    notice = {"completed": "It was completed.", "replaced": "It was replaced."}.get(made["change"], "It was added.")
    return RedirectResponse(f"/milestones?{urlencode({'notice': notice})}", status_code=303)


async def _page(
    request: Request, given: Mapping[str, str], *, problems: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    backend = backend_of(request)
    wanted = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    found, refused = await _find(request, wanted)
    frameworks = (await backend.get("/v1/frameworks"))["frameworks"]
    milestones = found["milestones"]
    context = {
        "milestones": milestones,
        "paging": paging_of(request, found["pagination"], len(milestones)),
        "wanted": wanted,
        "refused": refused,
        "today": str(request.app.state.now().date()),
        "frameworks": frameworks,
        "names": {each["id"]: each["name"] for each in frameworks},
        "given": given,
        "problems": problems or {},
    }
    return render(request, "milestones.html", context, person=person_of(request), status=status)


async def _find(request: Request, wanted: Mapping[str, str]) -> tuple[Mapping[str, Any], str]:
    """Those of the filter, and why the filter is refused; without a filter all."""
    page = {"limit": PAGE_SIZE, "offset": offset_of(request)}
    try:
        return await backend_of(request).get("/v1/milestones", **page, **wanted), ""
    except ApiRefusalError as refusal:
        if refusal.status != 400:
            raise
        return {"milestones": [], "pagination": {"offset": 0, "total": 0}}, reasons_of(refusal)


ROUTES: Final = (
    Route("/milestones", show_milestones, methods=["GET"]),
    post("/milestones", add_milestone),
)
