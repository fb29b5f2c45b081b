"""Uploads of files: passed on to the API as they arrive, because they may be larger than the memory.

The token of such a form is in the address, because its body is not read here.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.types import Message

from policycortex_console.backend import ApiRefusalError, AsPerson
from policycortex_console.forms import FORM_TOKEN, person_of


def upload_address(request: Request, path: str) -> str:
    """The ``action`` of a form with a file, with the token of this session."""
    return f"{path}?{urlencode({FORM_TOKEN: person_of(request).form_token})}"


async def pass_on(request: Request, path: str) -> Mapping[str, Any]:
    """Send the request's body to a path of the API as the person; its answer. Raises ApiRefusalError."""
    status, body = 500, bytearray()

    async def keep(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    scope = {**request.scope, "path": path, "raw_path": path.encode(), "query_string": b""}
    await AsPerson(request.app.state.api, person_of(request))(scope, request.receive, keep)
    answer: Mapping[str, Any] = json.loads(bytes(body) or b"{}")
    if status >= 400:
        raise ApiRefusalError(status, answer)
    return answer


def reasons_of(refusal: ApiRefusalError) -> str:
    """Why the API refused what was sent, in one line."""
    return "; ".join(each.message for each in refusal.details) or str(refusal)
