"""Controls: frameworks, their requirements with today's results, and the evidence of one requirement."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.names import RequirementResult
from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, file_content, person_of, post
from policycortex_console.pages.findings import LOOKBACK_DAYS, as_of, next_address, page_parameters
from policycortex_console.rendering import render


async def show_frameworks(request: Request) -> Response:
    """All frameworks of the organisation, and the form for one of its own."""
    return await _frameworks(request)


async def upload_framework(request: Request, form: FormData) -> Response:
    """Upload a framework; what is wrong in the file is listed by its place."""
    name, content = await file_content(form, "file")
    media_type = "application/json" if name.lower().endswith(".json") else "application/yaml"
    try:
        made = await backend_of(request).post_file("/v1/frameworks", content, media_type)
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409, 413}:
            raise
        return await _frameworks(request, file=name, refusal=refusal)
    notice = urlencode({"notice": f"{made['name']} was saved with {made['requirement_count']} requirements."})
    return RedirectResponse(f"/controls/{quote(made['id'], safe='')}?{notice}", status_code=303)


async def _frameworks(request: Request, *, file: str = "", refusal: ApiRefusalError | None = None) -> Response:
    found = await backend_of(request).get("/v1/frameworks")
    context = {
        "frameworks": sorted(found["frameworks"], key=lambda each: each["is_builtin"]),
        "file": file,
        "refusal": refusal,
    }
    return render(request, "frameworks.html", context, person=person_of(request), status=400 if refusal else 200)


async def show_framework(request: Request) -> Response:
    """Its requirements by section, with their results."""
    backend, wanted = backend_of(request), request.query_params.get("result", "")
    posture = await _posture(request)
    details = await backend.get(_api(request))
    shown = [each for each in posture["requirements"] if wanted in {"", each["result"]}]
    context = {
        "framework": details,
        "posture": posture,
        "sections": _by_section(shown),
        "wanted": wanted,
        "day": request.query_params.get("day", ""),
        "results": [(each.value, posture["results"].get(each.value, 0)) for each in RequirementResult],
    }
    return render(request, "framework.html", context, person=person_of(request))


async def show_requirement(request: Request) -> Response:
    """One requirement: what it asks, its result, and the checks that map to it."""
    backend, wanted = backend_of(request), request.query_params.get("id", "")
    posture = await _posture(request)
    details = await backend.get(_api(request))
    found = next((each for each in posture["requirements"] if each["id"] == wanted), None)
    if found is None:
        raise HTTPException(404)
    described: dict[str, Any] = next((each for each in details["requirements"] if each["id"] == wanted), {})
    answer = await backend.get("/v1/findings", framework=details["id"], requirement=wanted, **page_parameters(request))
    children = [each for each in posture["requirements"] if each["parent"] == wanted]
    day = request.query_params.get("day", "")
    context = {"framework": details, "day": day, "requirement": found, "described": described}
    evidence = {"answer": answer, "after": next_address(request, answer["next_cursor"]), "children": children}
    return render(request, "requirement.html", context | evidence, person=person_of(request))


async def _posture(request: Request) -> Mapping[str, Any]:
    """Results at the end of the day in the address, else now."""
    path = f"{_api(request)}/posture"
    found: Mapping[str, Any] = await backend_of(request).get(path, as_of=as_of(request), lookback_days=LOOKBACK_DAYS)
    return found


def _by_section(requirements: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """In the framework's order; a section that comes twice is shown twice."""
    return [(section, list(group)) for section, group in groupby(requirements, key=lambda each: str(each["section"]))]


def _api(request: Request) -> str:
    return f"/v1/frameworks/{quote(request.path_params['framework_id'], safe='')}"


ROUTES: Final = (
    Route("/controls", show_frameworks, methods=["GET"]),
    post("/controls", upload_framework, max_files=1),
    Route("/controls/{framework_id}", show_framework, methods=["GET"]),
    Route("/controls/{framework_id}/requirement", show_requirement, methods=["GET"]),
)
