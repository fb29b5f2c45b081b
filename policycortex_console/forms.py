"""Forms: every POST of the console goes through here, so that none is answered without the session's form token."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from policycortex_console.backend import Backend
from policycortex_console.error_pages import error_page
from policycortex_console.people import Person

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
MAX_FIELDS: Final = 200
MAX_FORM_BYTES: Final = 2 << 20
"""A framework file of the largest size that the API takes, and what is around it."""
_MAX_PART_BYTES: Final = 1 << 20

FormHandler = Callable[[Request, FormData], Awaitable[Response]]


def post(path: str, handler: FormHandler, *, max_files: int = 0) -> Route:
    """A route for a form: the form is read and its token checked before the handler is called."""
    return Route(path, FormEndpoint(handler, max_files=max_files), methods=["POST"])


class FormEndpoint:
    """An ASGI endpoint around a handler; 403 without the session's form token, 413 for a body that is too large."""

    def __init__(self, handler: FormHandler, *, max_files: int = 0) -> None:
        self._handler, self._max_files = handler, max_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        request = Request(scope, limit_body(receive, MAX_FORM_BYTES))
        async with request.form(
            max_files=self._max_files, max_fields=MAX_FIELDS, max_part_size=_MAX_PART_BYTES
        ) as form:
            response = await self._answer(request, form)
        await response(scope, receive, send)

    async def _answer(self, request: Request, form: FormData) -> Response:
        if has_form_token(request, str(form.get(FORM_TOKEN, ""))):
            return await self._handler(request, form)
        return refuse_form(request)


def limit_body(receive: Receive, most_bytes: int) -> Receive:
    """A ``receive`` for bodies up to this size; it raises HTTPException 413 when a body is larger."""
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most_bytes:
            raise HTTPException(413)
        return message

    return receive_some


def has_form_token(request: Request, given: str) -> bool:
    """Whether it is the token of this session."""
    person: Person | None = request.state.person
    return person is not None and hmac.compare_digest(given.encode(), person.form_token.encode())


def refuse_form(request: Request) -> Response:
    """The page for a form without the token of this session."""
    explanation = "This form is no longer valid: its session has ended. Open the page again."
    return error_page(request, 403, explanation, person=request.state.person)


def person_of(request: Request) -> Person:
    """Who is signed in. The guard lets nobody else through."""
    person: Person = request.state.person
    return person


def backend_of(request: Request) -> Backend:
    """The API as this person."""
    return Backend(request.app.state.api, person_of(request), request)


def text(form: FormData, name: str) -> str:
    """The value of a field, without surrounding blanks; "" where it is absent."""
    return str(form.get(name, "")).strip()


async def file_content(form: FormData, name: str) -> tuple[str, bytes]:
    """Name and bytes of the file in a field; both empty where no file was chosen."""
    given = form.get(name)
    return (given.filename or "", await given.read()) if isinstance(given, UploadFile) else ("", b"")


def lines(form: FormData, name: str) -> list[str]:
    """The values of a field that takes several, separated by commas or line ends."""
    return split_values(text(form, name))


def split_values(given: str) -> list[str]:
    """Values that are separated by commas or line ends, without surrounding blanks and empty ones."""
    return [part.strip() for part in given.replace(",", "\n").splitlines() if part.strip()]


def choices(form: FormData, name: str) -> list[str]:
    """The values of ticked boxes."""
    return [str(value) for value in form.getlist(name) if value]
