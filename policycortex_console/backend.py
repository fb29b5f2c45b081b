"""Calls of the HTTP API in the same process, as the person who signed in. The console has no other way to data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp

from policycortex.security.in_process import CalledAs
from policycortex_console.people import Person

_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field, as the API says it."""

    field: str
    """A dotted path in the body, such as ``scope.environments``."""
    message: str


class ApiRefusalError(Exception):
    """The API refused a call. The message is for people."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("error_description") or f"The API answered with status {status}"))
        self.status, self.body = status, body
        self.code = str(body.get("error_code") or "")
        self.request_id = str(body.get("request_id") or "")
        self.details = tuple(
            FieldProblem(field=str(each.get("field", "")), message=str(each.get("message", "")))
            for each in body.get("details") or ()
        )

    def problems(self) -> dict[str, str]:
        """Messages by field."""
        return {each.field: each.message for each in self.details}


class Backend:
    """The API as one person sees it during one request of the console."""

    def __init__(self, api: ASGIApp, person: Person, request: Request) -> None:
        client = request.client
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(
                app=AsPerson(api, person), client=(client.host, client.port) if client else ("", 0)
            ),
            base_url=str(request.base_url),
        )

    async def get(self, path: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a GET. Parameters that are None or "" are not sent. Raises ApiRefusalError."""
        given = {name: str(value) for name, value in parameters.items() if value is not None and value != ""}
        return await self._call("GET", path, params=given)

    async def find(self, path: str, **parameters: object) -> Any | None:  # noqa: ANN401 - JSON
        """As ``get``, but None where the API answers that it is not there, or that the person may not see it."""
        try:
            return await self.get(path, **parameters)
        except ApiRefusalError as refusal:
            if refusal.status in {403, 404, 409}:
                return None
            raise

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST with a JSON body. Raises ApiRefusalError."""
        return await self._call("POST", path, **({} if body is None else {"json": body}))

    async def post_file(self, path: str, content: bytes, media_type: str) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST whose body is a file. Raises ApiRefusalError."""
        return await self._call("POST", path, content=content, headers={"Content-Type": media_type})

    async def put(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The answer to a PUT. Raises ApiRefusalError."""
        return await self._call("PUT", path, json=body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The answer to a PATCH. Raises ApiRefusalError."""
        return await self._call("PATCH", path, json=body)

    async def delete(self, path: str) -> None:
        """Send a DELETE. Raises ApiRefusalError."""
        await self._call("DELETE", path)

    async def _call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - httpx's arguments, JSON
        response = await self._client.request(method, path, **given)
        if response.status_code == _NO_CONTENT:
            return None
        body = response.json() if "json" in response.headers.get("content-type", "") else {}
        if response.status_code >= 400:
            raise ApiRefusalError(response.status_code, body)
        return body


class AsPerson(CalledAs):
    """The API, called as the person who signed in."""

    def __init__(self, api: ASGIApp, person: Person) -> None:
        super().__init__(api, person.identity)
