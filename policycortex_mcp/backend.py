"""Calls of the documented API for one caller of a tool."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import httpx
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError


class ToolBackend:
    """The API as the caller of one tool sees it. Its requests have ids that begin with ``mcp_`` in the audit log."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(
        self, path: str, query: Mapping[str, object] | None = None, *, wait_seconds: int | None = None
    ) -> dict[str, Any]:
        """The answer to a GET; parameters that are None or empty are not sent. Raises ToolError with all problems."""
        given = {name: value for name, value in (query or {}).items() if value is not None and value != []}
        headers = {} if wait_seconds is None else {"Prefer": f"wait={wait_seconds}"}
        return await self._call("GET", path, params=given, headers=headers)

    async def post(
        self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None, wait_seconds: int | None = None
    ) -> dict[str, Any]:
        """The answer to a POST. Raises ToolError with all problems."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        headers |= {} if wait_seconds is None else {"Prefer": f"wait={wait_seconds}"}
        return await self._call("POST", path, json=dict(body), headers=headers)

    async def delete(self, path: str) -> None:
        """Send a DELETE. Raises ToolError."""
        await self._call("DELETE", path, headers={})

    async def _call(self, method: str, path: str, *, headers: dict[str, str], **given: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        headers = headers | {"X-Request-ID": f"mcp_{secrets.token_hex(8)}"}
        try:
            response = await self._client.request(method, path, headers=headers, **given)
        except httpx.TransportError as error:
            raise ToolError(f"the API does not answer: {error}") from error
        body = _body_of(response)
        if response.is_error:
            raise ToolError(_problem_text(response.status_code, body))
        return body


def _body_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer, empty where it has no body. Raises ToolError for an answer of something else."""
    if not response.content:
        return {}
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ToolError(f"{response.status_code}: the answer is not one of the API; does POLICYCORTEX_URL name it?")
    return body


Connect: TypeAlias = Callable[[Context[Any, Any]], ToolBackend]
"""The API for the caller of the request in which a tool runs."""


def _problem_text(status: int, body: Mapping[str, Any]) -> str:
    """What the API refuses, with each field, so that the assistant can correct its call."""
    lines = [f"{status} {body.get('error_code', '')}: {body.get('error_description', 'no description')}"]
    lines += [f"{each['field']}: {each['message']}" for each in body.get("details") or ()]
    return "\n".join(lines)
