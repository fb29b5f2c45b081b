"""The code location in Dagster's workspace that has our jobs, and its dynamic partitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.platform.dagster_graphql import DagsterClient
from policycortex.errors import UnavailableError
from policycortex.names import REPORT_JOB

_WORKSPACE: Final = """query { workspaceOrError { __typename
  ... on PythonError { message }
  ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename
    ... on PythonError { message }
    ... on RepositoryLocation { repositories { name jobs { name } } } } } } } }"""
_ADD_PARTITION: Final = """mutation($selector: RepositorySelector!, $name: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $selector, partitionsDefName: $name, partitionKey: $key) { __typename
    ... on PythonError { message } ... on UnauthorizedError { message } } }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLocation:
    """Names of a code location and of its repository."""

    location: str
    repository: str

    def selector(self) -> dict[str, str]:
        """The repository selector of GraphQL queries."""
        return {"repositoryLocationName": self.location, "repositoryName": self.repository}


def find_location(client: DagsterClient) -> CodeLocation:
    """The loaded code location with the job REPORT_JOB. Raises UnavailableError with the reason if there is none."""
    workspace: Mapping[str, Any] = client.query(_WORKSPACE, {})["workspaceOrError"]
    problems = [str(workspace.get("message", ""))]
    for entry in workspace.get("locationEntries", []):
        found = entry["locationOrLoadError"] or {}
        for repository in found.get("repositories", []):
            if any(job["name"] == REPORT_JOB for job in repository["jobs"]):
                return CodeLocation(location=entry["name"], repository=repository["name"])
        problems.append(f"{entry['name']}: {found.get('message') or entry['loadStatus']}")
    reason = "; ".join(problem.strip() for problem in problems if problem) or "no code location is loaded"
    raise UnavailableError(f"no loaded code location of Dagster has the job {REPORT_JOB} ({reason})")


def add_partition(client: DagsterClient, location: CodeLocation, name: str, key: str) -> None:
    """Add a key to dynamic partitions; an existing key is left as it is. Raises UnavailableError."""
    variables = {"selector": location.selector(), "name": name, "key": key}
    added = client.query(_ADD_PARTITION, variables)["addDynamicPartition"]
    if added["__typename"] not in {"AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"}:
        reason = added.get("message", added["__typename"])
        raise UnavailableError(f"Dagster did not add {key} to the partitions {name}: {reason}")
