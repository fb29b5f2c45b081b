"""Sign-in by a one-time link or an API key, and sign-out."""

from typing import Final

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from policycortex.errors import RequestError
from policycortex.security.address_limits import AddressLimiter
from policycortex.security.web_access import WebRole
from policycortex_console.forms import person_of, post, text
from policycortex_console.people import People
from policycortex_console.rendering import render

_MOST_FORM_BYTES: Final = 4096


async def show_sign_in(request: Request) -> Response:
    """The form. With a token in the address, a button: a mail scanner that opens the link does not use it up."""
    if request.state.person is not None:
        return RedirectResponse("/", status_code=303)
    token = request.query_params.get("token", "")
    return render(request, "sign_in.html", {"token": token, "problem": ""}, person=None)


async def sign_in(request: Request) -> Response:
    """Open a session. There is none yet, so the origin alone was checked."""
    async with request.form(max_files=0, max_fields=5, max_part_size=_MOST_FORM_BYTES) as form:
        secret, role = text(form, "secret"), WebRole.VIEWER if text(form, "role") else WebRole.OPERATOR
    address = request.client.host if request.client else None
    attempts: AddressLimiter = request.app.state.attempts
    if wait := attempts.take(address):
        return _refused(request, 429, f"Too many attempts. Wait {max(1, round(wait))} s.")
    people: People = request.app.state.people
    try:
        token = await to_thread.run_sync(lambda: people.sign_in(secret, role=role, address=address))
    except RequestError as error:
        return _refused(request, 403, str(error))
    response = RedirectResponse("/", status_code=303)
    seconds = int(people.limits.total.total_seconds())
    response.headers["Set-Cookie"] = people.cookie.to_header(token, max_age_seconds=seconds)
    return response


async def sign_out(request: Request, _form: FormData) -> Response:
    """End the session."""
    people: People = request.app.state.people
    await to_thread.run_sync(people.sign_out, person_of(request))
    response = RedirectResponse("/sign-in", status_code=303)
    response.headers["Set-Cookie"] = people.cookie.to_removal_header()
    return response


def _refused(request: Request, status: int, problem: str) -> Response:
    return render(request, "sign_in.html", {"token": "", "problem": problem}, person=None, status=status)


ROUTES: Final = (
    Route("/sign-in", show_sign_in, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    post("/sign-out", sign_out),
)
