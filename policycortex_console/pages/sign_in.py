"""Sign-in by an identity provider, a one-time link or an API key, and sign-out."""

from typing import Final

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.errors import RequestError
from policycortex.security.address_limits import AddressLimiter
from policycortex.security.web_access import WebRole
from policycortex_console.forms import limit_body, person_of, post, text
from policycortex_console.open_id import FLOW_LIFETIME, OpenIdClient
from policycortex_console.people import People
from policycortex_console.rendering import render

CALLBACK: Final = "/sign-in/callback"
"""Where the identity provider sends people back to; it must know this address."""
_MOST_FORM_BYTES: Final = 4096


async def show_sign_in(request: Request) -> Response:
    """The form. With a token in the address, a button: a mail scanner that opens the link does not use it up."""
    if request.state.person is not None:
        return RedirectResponse("/", status_code=303)
    token = request.query_params.get("token", "")
    return _form(request, token=token)


async def sign_in(request: Request) -> Response:
    """Open a session. There is none yet, so the origin alone was checked."""
    limited = Request(request.scope, limit_body(request.receive, _MOST_FORM_BYTES))
    async with limited.form(max_files=0, max_fields=5, max_part_size=_MOST_FORM_BYTES) as form:
        secret, role = text(form, "secret"), WebRole.VIEWER if text(form, "role") else WebRole.OPERATOR
    address = request.client.host if request.client else None
    if (refusal := _too_many(request)) is not None:
        return refusal
    people: People = request.app.state.people
    try:
        token = await to_thread.run_sync(lambda: people.sign_in(secret, role=role, address=address))
    except RequestError as error:
        return _form(request, status=403, problem=str(error))
    return _signed_in(RedirectResponse("/", status_code=303), people, token)


async def start_open_id(request: Request) -> Response:
    """Go to the identity provider."""
    client = _open_id(request)
    if (refusal := _too_many(request)) is not None:
        return refusal
    organization, back = request.query_params.get("organization", ""), f"{_base(request)}{CALLBACK}"
    started = await to_thread.run_sync(lambda: client.start(back, organization=organization))
    response = RedirectResponse(started.url, status_code=303)
    people: People = request.app.state.people
    seconds = int(FLOW_LIFETIME.total_seconds())
    response.headers["Set-Cookie"] = people.flow_cookie.to_header(started.sealed, max_age_seconds=seconds)
    return response


async def finish_open_id(request: Request) -> Response:
    """The identity provider sent the browser back: open a session.

    The answer is a page that goes on by itself: a redirect would count as the provider's, without the new cookie.
    """
    client = _open_id(request)
    people: People = request.app.state.people
    response = _too_many(request) or await _finish(request, people, client)
    response.headers.append("Set-Cookie", people.flow_cookie.to_removal_header())
    return response


async def _finish(request: Request, people: People, client: OpenIdClient) -> Response:
    sealed = people.flow_cookie.find_token(request.headers.getlist("cookie")) or ""
    address = request.client.host if request.client else None
    answer = dict(request.query_params)
    try:
        finished = await to_thread.run_sync(client.finish, sealed, answer)
        opened = await to_thread.run_sync(lambda: people.sign_in_by_provider(finished, address=address))
    except RequestError as error:
        return _form(request, status=403, problem=str(error))
    if isinstance(opened, tuple):
        return _form(request, organizations=opened)
    context = {"title": "You are signed in", "address": "/", "label": "Open the console"}
    return _signed_in(render(request, "onward.html", context, person=None), people, opened)


async def sign_out(request: Request, _form: FormData) -> Response:
    """End the session."""
    people: People = request.app.state.people
    person = person_of(request)
    await to_thread.run_sync(people.sign_out, person)
    response: Response = RedirectResponse("/sign-in", status_code=303)
    if person.issuer is not None and people.open_id is not None and people.provider is not None:
        url = await to_thread.run_sync(people.open_id.sign_out_url, f"{_base(request)}/sign-in")
        if url is not None:
            context = {
                "title": "You are signed out",
                "address": url,
                "label": f"Sign out of {people.provider.name}, too",
            }
            response = render(request, "onward.html", context, person=None)
    response.headers["Set-Cookie"] = people.cookie.to_removal_header()
    return response


def _signed_in(response: Response, people: People, token: str) -> Response:
    seconds = int(people.limits.total.total_seconds())
    response.headers["Set-Cookie"] = people.cookie.to_header(token, max_age_seconds=seconds)
    return response


def _form(
    request: Request, *, status: int = 200, token: str = "", problem: str = "", organizations: tuple[str, ...] = ()
) -> Response:
    """The sign-in page, or the choice among organisations of one person."""
    people: People = request.app.state.people
    context = {"token": token, "problem": problem, "provider": people.provider, "organizations": organizations}
    return render(request, "sign_in.html", context, person=None, status=status)


def _too_many(request: Request) -> Response | None:
    """The refusal of an address with too many attempts."""
    attempts: AddressLimiter = request.app.state.attempts
    wait = attempts.take(request.client.host if request.client else None)
    text = f"Too many attempts. Wait {max(1, round(wait))} s."
    return _form(request, status=429, problem=text) if wait else None


def _open_id(request: Request) -> OpenIdClient:
    people: People = request.app.state.people
    if people.open_id is None:
        raise HTTPException(404)
    return people.open_id


def _base(request: Request) -> str:
    """The address of this server for people, without a final slash."""
    people: People = request.app.state.people
    return people.public_url or str(request.base_url).rstrip("/")


ROUTES: Final = (
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-in/open-id", start_open_id, methods=["GET"]),
    Route(CALLBACK, finish_open_id, methods=["GET"]),
    post("/sign-out", sign_out),
)
