"""API keys and the people who sign in without one: make, rotate and revoke. A secret is shown once."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.security.identity_provider import PersonRole
from policycortex_console.backend import ApiRefusalError
from policycortex_console.forms import backend_of, choices, lines, person_of, post, text
from policycortex_console.paging import PAGE_SIZE, offset_of, paging_of
from policycortex_console.rendering import render

_SCOPES: Final = (
    ("reports:read", "Read reports, controls and findings"),
    ("reports:write", "Order, share and delete reports"),
    ("schedules:write", "Make schedules and deliveries"),
    ("findings:write", "Import findings; waivers, attestations, comments and milestones"),
    ("frameworks:write", "Upload frameworks"),
    ("admin", "Everything, with keys and the audit log"),
)
_PEOPLE: Final = 100


async def show_keys(request: Request) -> Response:
    """The lists with the form."""
    return await _page(request)


async def create_key(request: Request, form: FormData) -> Response:
    """Make a key and show its secret, once: the API does not tell it again."""
    given: dict[str, Any] = {name: text(form, name) for name in ("name", "expires_at")} | {
        "scopes": choices(form, "scopes"),
        "networks": lines(form, "networks"),
    }
    body = {name: given[name] for name in ("name", "scopes", "networks")}
    if given["expires_at"]:
        body["expires_at"] = f"{given['expires_at']}T23:59:59Z"
    try:
        made = await backend_of(request).post("/v1/keys", body)
    except ApiRefusalError as refusal:
        if refusal.status != 400:
            raise
        return await _page(request, given, problems=refusal.problems() or {"": str(refusal)}, status=400)
    return await _page(request, made=made)


async def rotate_key(request: Request, _form: FormData) -> Response:
    """Make a key with the same rights and show its secret, once; the old one stays valid for a day."""
    try:
        made = await backend_of(request).post(f"{_api(request)}/rotate")
    except ApiRefusalError as refusal:
        if refusal.status != 409:
            raise
        return await _page(request, problems={"": str(refusal)}, status=409)
    return await _page(request, made=made)


async def revoke_key(request: Request, _form: FormData) -> Response:
    """End a key, or the access of a person, at once."""
    await backend_of(request).delete(_api(request))
    return RedirectResponse(f"/keys?{urlencode({'notice': 'The access was ended.'})}", status_code=303)


def role_of(scopes: list[str]) -> str:
    """The role whose scopes these are; "" for other scopes."""
    return next((role.value for role in PersonRole if sorted(role.scopes) == scopes), "")


async def _page(
    request: Request,
    given: Mapping[str, Any] | None = None,
    *,
    made: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    backend = backend_of(request)
    found = await backend.get("/v1/keys", limit=PAGE_SIZE, offset=offset_of(request))
    people = await backend.get("/v1/keys", kind="person", limit=_PEOPLE)
    context = {
        "keys": found["keys"],
        "paging": paging_of(request, found["pagination"], len(found["keys"])),
        "people": [(each, role_of(each["scopes"])) for each in people["keys"]],
        "people_total": people["pagination"]["total"],
        "scopes": _SCOPES,
        "given": given or {"name": "", "expires_at": "", "scopes": ["reports:read"], "networks": []},
        "made": made,
        "problems": problems or {},
    }
    return render(request, "keys.html", context, person=person_of(request), status=status)


def _api(request: Request) -> str:
    return f"/v1/keys/{quote(request.path_params['key_id'], safe='')}"


ROUTES: Final = (
    Route("/keys", show_keys, methods=["GET"]),
    post("/keys", create_key),
    post("/keys/{key_id}/rotate", rotate_key),
    post("/keys/{key_id}/revoke", revoke_key),
)
