"""A client of the GraphQL interface of Dagster's webserver."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from policycortex.errors import UnavailableError

_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)


class DagsterClient:
    """Sends queries to the webserver at ``url``. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT)

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The response's ``data``. Raises UnavailableError without a response, or when the query is refused."""
        try:
            response = self._client.post("/graphql", json={"query": text, "variables": dict(variables)})
            response.raise_for_status()
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(f"Dagster's webserver at {self._url} does not answer ({error})") from error
        if body.get("errors"):
            raise UnavailableError(f"Dagster's webserver refused a query: {body['errors'][0]['message']}")
        data: dict[str, Any] = body["data"]
        return data

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
