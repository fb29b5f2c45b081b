"""A client of the GraphQL interface of Dagster's webserver."""

from collections.abc import Generator, Mapping
from functools import cached_property
from typing import Any, Final

import httpx

from policycortex.errors import UnavailableError
from policycortex.security.service_token import service_token
from policycortex.settings import Settings

_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)


class ServiceAuth(httpx.Auth):
    """Adds the token of the installation's services. The key is read at the first request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _header(self) -> str:
        return f"Bearer {service_token(self._settings)}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request with the header."""
        request.headers["Authorization"] = self._header
        yield request


class DagsterClient:
    """Sends queries to the webserver of the settings. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.dagster_url
        self._client = httpx.Client(base_url=self._url, timeout=_TIMEOUT, auth=ServiceAuth(settings))

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
