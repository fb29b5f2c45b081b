"""Evidence requests: an auditor asks to see evidence on a requirement, people answer, and either side closes it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_STATUSES: Final = ("open", "answered", "closed")
_MOST_ATTESTATIONS: Final = 100


async def show_requests(request: Request) -> Response:
    """The list, by status; an auditor sees the own ones."""
    status = request.query_params.get("status", "")
    status = status if status in _STATUSES else ""
    found = await backend_of(request).get(
        "/v1/evidence-requests", status=status, limit=PAGE_SIZE, offset=offset_of(request)
    )
    context = {
        "requests": found["evidence_requests"],
        "status": status,
        "statuses": _STATUSES,
        "paging": paging_of(request, found["pagination"], len(found["evidence_requests"])),
    }
    return render(request, "evidence_requests.html", context, person=person_of(request))


async def show_request(request: Request) -> Response:
    """One request with its answers."""
    return await _page(request)


async def answer(request: Request, form: FormData) -> Response:
    """Answer it, by words or by an attestation whose files show it."""
    given = {"text": text(form, "text"), "attestation_id": text(form, "attestation_id")}
    body = {name: value for name, value in given.items() if value or name == "text"}
    try:
        await backend_of(request).post(f"{_api(request)}/answers", body)
    except ApiRefusalError as refusal:
        if refusal.status not in {400, 409}:
            raise
        return await _page(request, problems=refusal.problems() or {"": str(refusal)}, given=given)
    return _back(request, "The answer was added.")


async def close(request: Request, _form: FormData) -> Response:
    """Close it."""
    await backend_of(request).post(f"{_api(request)}/close")
    return _back(request, "The request was closed.")


async def _page(
    request: Request, *, problems: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None
) -> Response:
    backend, person = backend_of(request), person_of(request)
    found = await backend.get(_api(request))
    may_answer = person.may("findings:write") and found["status"] != "closed"
    context = {
        "found": found,
        "may_answer": may_answer,
        "may_close": found["status"] != "closed" and (may_answer or person.identity.grant is not None),
        "attestations": await _attestations_on(request, found) if may_answer else [],
        "problems": problems or {},
        "given": {"text": "", "attestation_id": "", **(given or {})},
    }
    return render(request, "evidence_request.html", context, person=person, status=400 if problems else 200)


async def _attestations_on(request: Request, found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of the newest that are on the requirement."""
    listed = await backend_of(request).get("/v1/attestations", limit=_MOST_ATTESTATIONS)
    return [
        each
        for each in listed["attestations"]
        if each["scope"]["framework"] == found["framework"] and found["requirement"] in each["scope"]["requirements"]
    ]


def _api(request: Request) -> str:
    return f"/v1/evidence-requests/{quote(request.path_params['evidence_request_id'], safe='')}"


def _back(request: Request, notice: str) -> Response:
    path = f"/evidence-requests/{quote(request.path_params['evidence_request_id'], safe='')}"
    return RedirectResponse(f"{path}?{urlencode({'notice': notice})}", status_code=303)


_AT: Final = "/evidence-requests/{evidence_request_id}"
ROUTES: Final = (
    Route("/evidence-requests", show_requests, methods=["GET"]),
    Route(_AT, show_request, methods=["GET"]),
    post(f"{_AT}/answer", answer),
    post(f"{_AT}/close", close),
)
