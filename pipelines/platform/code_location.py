"""Loading the code location anew through the webserver, so that schedules made since then get their definitions."""

from dataclasses import dataclass, field

import httpx

_RELOAD = """mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename
  ... on PythonError { message } ... on UnauthorizedError { message } ... on ReloadNotSupported { message } } }"""


@dataclass(slots=True)
class LoadedSchedules:
    """Which customers' schedules this process has definitions of."""

    marks: dict[str, int] = field(default_factory=dict)
    """Id to revision."""
    is_one_by_one: bool = True
    """False where they are too many, and the sensor alone carries them."""


def reload_location(dagster_url: str, name: str) -> str:
    """Ask the webserver; what came of it, for people. Never raises: the sensor asks again, and acts on ticks itself."""
    try:
        body = {"query": _RELOAD, "variables": {"name": name}}
        answer = httpx.post(f"{dagster_url}/graphql", json=body, timeout=60.0)
        answer.raise_for_status()
        result = answer.json().get("data", {}).get("reloadRepositoryLocation", {})
    except (httpx.HTTPError, ValueError) as error:
        return f"the webserver at {dagster_url} could not reload {name}: {error}"
    if result.get("__typename") != "WorkspaceLocationEntry":
        return f"{name} was not reloaded: {result.get('message', result)}"
    return f"{name} was loaded anew with the schedules of the registry"
