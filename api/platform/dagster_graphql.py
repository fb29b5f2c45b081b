"""Dagster's own door, the webserver's GraphQL: one question, one answer, or UnavailableError."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from policycortex.errors import UnavailableError

_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)


class DagsterDoor:
    """The webserver at ``url``. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT)

    def ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's ``data``. Raises UnavailableError where none comes, or where the query is refused."""
        try:
            answer = self._client.post("/graphql", json={"query": query, "variables": dict(variables)})
            answer.raise_for_status()
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(f"Dagster's webserver at {self._url} does not answer ({error})") from error
        if body.get("errors"):
            raise UnavailableError(f"Dagster's webserver refused a query: {body['errors'][0]['message']}")
        data: dict[str, Any] = body["data"]
        return data

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()
