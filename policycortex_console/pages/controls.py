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
from policycortex_console.forms import backend_of, file_content, person_of, post, text
from policycortex_console.pages.findings import LOOKBACK_DAYS, as_of, next_address, page_parameters
from policycortex_console.rendering import render

_MOST_COMMENTS: Final = 50


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
    """One requirement: what it asks, its result, and the evidence: checks, findings, what people say, its history."""
    return await _requirement(request, request.query_params.get("id", ""))


async def add_comment(request: Request, form: FormData) -> Response:
    """Add a reviewer's comment; it is about the end of the day that the page shows."""
    return await _add(request, form, to="/v1/comments", section="comments", notice="The comment was added.")


async def ask_for_evidence(request: Request, form: FormData) -> Response:
    """Ask to see evidence; it is about the end of the day that the page shows."""
    return await _add(request, form, to="/v1/evidence-requests", section="requests", notice="The request was sent.")


async def _add(request: Request, form: FormData, *, to: str, section: str, notice: str) -> Response:
    """Add what a reviewer says of the requirement, and return to that section of its page."""
    framework, wanted = request.path_params["framework_id"], text(form, "id")
    body = {"framework": framework, "requirement": wanted, "text": text(form, "text")}
    body |= {name: value for name, value in (("role", text(form, "role")), ("as_of", as_of(request))) if value}
    try:
        await backend_of(request).post(to, body)
    except ApiRefusalError as refusal:
        if refusal.status != 400:
            raise
        problems = refusal.problems() or {"": str(refusal)}
        return await _requirement(request, wanted, problems=problems, given=body | {"section": section})
    query = urlencode({"id": wanted, **_day_of(request), "notice": notice})
    path = f"/controls/{quote(framework, safe='')}/requirement"
    return RedirectResponse(f"{path}?{query}#{section}", status_code=303)


async def _requirement(
    request: Request,
    wanted: str,
    *,
    problems: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    backend, person = backend_of(request), person_of(request)
    path = f"{_api(request)}/requirements/{quote(wanted, safe='')}"
    parameters = {"as_of": as_of(request), "lookback_days": LOOKBACK_DAYS}
    if wanted and person.identity.grant is None:
        evidence: Mapping[str, Any] = await backend.get(path, **parameters)
    else:
        evidence = await _granted_requirement(request, wanted)
    details = await backend.get(_api(request))
    answer = await backend.get("/v1/findings", framework=details["id"], requirement=wanted, **page_parameters(request))
    comments = await backend.get("/v1/comments", framework=details["id"], requirement=wanted, limit=_MOST_COMMENTS)
    requests = await backend.get(
        "/v1/evidence-requests", framework=details["id"], requirement=wanted, limit=_MOST_COMMENTS
    )
    described: Mapping[str, Any] = next((each for each in details["requirements"] if each["id"] == evidence["id"]), {})
    context = {
        "framework": details,
        "day": request.query_params.get("day", ""),
        "action": f"/controls/{quote(request.path_params['framework_id'], safe='')}/requirement",
        "at_day": urlencode(_day_of(request)),
        "requirement": evidence,
        "titles": {each["id"]: each["title"] for each in details["requirements"]},
        "is_manual": bool(described.get("is_manual")),
        "spans": _spans(evidence["history"]),
        "answer": answer,
        "after": next_address(request, answer["next_cursor"]),
        "comments": comments["comments"],
        "comments_total": comments["pagination"]["total"],
        "may_comment": person.may("findings:write") or person.identity.grant is not None,
        "requests": requests["evidence_requests"],
        "requested_total": requests["pagination"]["total"],
        "given": {"text": "", "role": "", "section": "", **(given or {})},
        "problems": problems or {},
    }
    return render(request, "requirement.html", context, person=person, status=400 if problems else 200)


async def _granted_requirement(request: Request, wanted: str) -> Mapping[str, Any]:
    """The same for an outside auditor, from what a grant covers: no waivers and no history."""
    posture = await _posture(request)
    found = next((each for each in posture["requirements"] if each["id"] == wanted), None)
    if found is None:
        raise HTTPException(404)
    details = await backend_of(request).get(_api(request))
    described: Mapping[str, Any] = next((each for each in details["requirements"] if each["id"] == wanted), {})
    stated = (await backend_of(request).get("/v1/attestations", limit=100))["attestations"]
    return {
        **found,
        "description": described.get("description", ""),
        "period": posture["period"],
        "parts": [each["id"] for each in posture["requirements"] if each["parent"] == wanted],
        "checks": [{"check_id": each} for each in found["checks"]],
        "waivers": [],
        "attestations": [
            {**each, "evidence_files": len(each["evidence"]), **each["scope"]}
            for each in stated
            if each["scope"]["framework"] == details["id"] and wanted in each["scope"]["requirements"]
        ],
        "history": [],
    }


def _spans(history: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """First and last evaluated day of each unbroken result, and the result; newest first."""
    spans = []
    for result, group in groupby(history, key=lambda each: str(each["result"])):
        days = [str(each["date"]) for each in group]
        spans.append((days[0], days[-1], result))
    return spans[::-1]


def _day_of(request: Request) -> dict[str, str]:
    """The day in the address, as its parameter; {} without one."""
    day = request.query_params.get("day", "")
    return {"day": day} if day else {}


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
    post("/controls/{framework_id}/requirement/comment", add_comment),
    post("/controls/{framework_id}/requirement/evidence-request", ask_for_evidence),
)
