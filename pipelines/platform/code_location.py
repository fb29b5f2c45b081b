"""Reloads the code location through the webserver, so that new customer schedules get their definitions."""

from dataclasses import dataclass, field

import httpx

from policycortex.security.service_token import service_token
from policycortex.settings import Settings

_RELOAD = """mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename
  ... on PythonError { message } ... on UnauthorizedError { message } ... on ReloadNotSupported { message } } }"""


@dataclass(slots=True)
class LoadedSchedules:
    """The customer schedules that this process has definitions of."""

    revisions: dict[str, int] = field(default_factory=dict)
    """Revision by schedule id."""
    is_one_by_one: bool = True
    """False where there are too many, so that the sensor alone evaluates them."""


def reload_location(settings: Settings, name: str) -> str:
    """Ask the webserver to reload the location; returns the outcome as a message.

    Never raises: the sensor repeats the request, and evaluates ticks itself until then.
    """
    dagster_url = settings.dagster_url
    try:
        body = {"query": _RELOAD, "variables": {"name": name}}
        headers = {"Authorization": f"Bearer {service_token(settings)}"}
        response = httpx.post(f"{dagster_url}/graphql", json=body, headers=headers, timeout=60.0)
        response.raise_for_status()
        result = response.json().get("data", {}).get("reloadRepositoryLocation", {})
    except (httpx.HTTPError, ValueError) as error:
        return f"the webserver at {dagster_url} could not reload {name}: {error}"
    if result.get("__typename") != "WorkspaceLocationEntry":
        return f"{name} was not reloaded: {result.get('message', result)}"
    return f"{name} was reloaded with the schedules of the registry"
