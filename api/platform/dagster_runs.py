"""Runs through Dagster's own door, the webserver's GraphQL; no Dagster is imported."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.platform.dagster_graphql import DagsterDoor
from api.platform.runs import PartState
from policycortex.errors import UnavailableError
from policycortex.names import (
    MOST_RUNS,
    OWN_FAILURES,
    TAG_FAILURE_REASON,
    TAG_FRAMEWORK,
    TAG_ORGANIZATION,
    TAG_PRIORITY,
    TAG_REPORT,
    TAG_WILL_RETRY,
    RunPriority,
)
from policycortex.requests import ReportRequest
from policycortex.storage.registry import Failure, ReportRow

JOB: Final = "make_report"
OPERATION: Final = "reports__artifacts"
PARTITIONS: Final = "report_periods"

_ENDED_BADLY: Final = frozenset({"FAILURE", "CANCELED"})
_UNDECIDED_SECONDS: Final = 15.0
_REASON_LENGTH: Final = 500

_WORKSPACE: Final = """query { workspaceOrError { __typename
  ... on PythonError { message }
  ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename
    ... on PythonError { message }
    ... on RepositoryLocation { repositories { name jobs { name } } } } } } } }"""
_ADD_PARTITION: Final = """mutation($selector: RepositorySelector!, $name: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $selector, partitionsDefName: $name, partitionKey: $key) { __typename
    ... on PythonError { message } ... on UnauthorizedError { message } } }"""
_LAUNCH: Final = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
_RUNS: Final = """query($filter: RunsFilter!) { runsOrError(filter: $filter, limit: 10) { __typename
    ... on Runs { results { runId status endTime tags { key value } } }
    ... on Error { message } } }"""
_EVENTS: Final = """query($id: ID!) { runOrError(runId: $id) { __typename ... on Run {
  eventConnection(limit: 1000) { events {
    ... on ExecutionStepFailureEvent { error { message cause { message } } }
    ... on RunFailureEvent { message } } } } } }"""
_TERMINATE: Final = """mutation($id: String!) { terminateRun(runId: $id) { __typename ... on Error { message } } }"""
_DAEMONS: Final = "query { instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the job stands in Dagster's workspace."""

    location: str
    repository: str


class DagsterRuns:
    """A RunLauncher over the webserver at ``url``. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._door = DagsterDoor(url)
        self._place: _Place | None = None

    def launch(self, report: ReportRow, order: ReportRequest) -> str:
        """See RunLauncher."""
        try:
            return self._launch(report, order, self._find_place())
        except _MovedError:
            self._place = None  # the code location was reloaded under another name
            return self._launch(report, order, self._find_place())

    def find_failure(self, report: ReportRow) -> Failure | None:
        """See RunLauncher. All runs of the report count; one that was lost is followed by another."""
        runs = self._runs_of(report)
        if not runs or any(run["status"] not in _ENDED_BADLY for run in runs) or _is_followed(runs):
            return None
        last = runs[0]
        if last["status"] == "CANCELED":
            return Failure(
                code="RPT_500", message="its run was canceled in Dagster; order the report again", is_retryable=True
            )
        return Failure(code="RPT_500", message=self._reason(last["runId"]))

    def has_run(self, report: ReportRow) -> bool:
        """See RunLauncher."""
        return bool(self._runs_of(report))

    def cancel(self, run_id: str) -> None:
        """See RunLauncher."""
        self._door.ask(_TERMINATE, {"id": run_id})

    def check(self) -> tuple[PartState, ...]:
        """See RunLauncher: the webserver, the code location with its job, and the daemons that are needed."""
        try:
            self._place = None
            self._find_place()
            statuses = self._door.ask(_DAEMONS, {})["instance"]["daemonHealth"]["allDaemonStatuses"]
        except UnavailableError as error:
            return (PartState(name="dagster", is_ok=False, detail=str(error)),)
        sick = [s["daemonType"] for s in statuses if s["required"] and not s["healthy"]]
        detail = f"no heartbeat of {', '.join(sick)}" if sick else ""
        return (PartState(name="dagster", is_ok=True), PartState(name="daemon", is_ok=not sick, detail=detail))

    def close(self) -> None:
        """See RunLauncher."""
        self._door.close()

    def _launch(self, report: ReportRow, order: ReportRequest, place: _Place) -> str:
        key = order.period.partition_key
        selector = {"repositoryLocationName": place.location, "repositoryName": place.repository}
        added = self._door.ask(_ADD_PARTITION, {"selector": selector, "name": PARTITIONS, "key": key})[
            "addDynamicPartition"
        ]
        if added["__typename"] not in {"AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"}:
            raise UnavailableError(
                f"Dagster did not take the period {key}: {added.get('message', added['__typename'])}"
            )
        params = {
            "selector": {**selector, "jobName": JOB},
            "runConfigData": {"ops": {OPERATION: {"config": {"report_id": report.id}}}},
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in _tags(report, key).items()]},
        }
        launched = self._door.ask(_LAUNCH, {"params": params})["launchRun"]
        match launched["__typename"]:
            case "LaunchRunSuccess":
                return str(launched["run"]["runId"])
            case "PipelineNotFoundError" | "JobNotFoundError" | "RepositoryNotFoundError":
                raise _MovedError(f"Dagster has no job {JOB} at {place.location}")
            case kind:
                raise UnavailableError(
                    f"Dagster did not start the run: {launched.get('message') or launched.get('errors') or kind}"
                )

    def _runs_of(self, report: ReportRow) -> list[dict[str, Any]]:
        """Newest first."""
        wanted = {"tags": [{"key": TAG_REPORT, "value": report.id}]}
        answer = self._door.ask(_RUNS, {"filter": wanted})["runsOrError"]
        if answer["__typename"] != "Runs":
            raise UnavailableError(f"Dagster cannot list the report's runs: {answer.get('message')}")
        runs: list[dict[str, Any]] = answer["results"]
        return runs

    def _reason(self, run_id: str) -> str:
        run = self._door.ask(_EVENTS, {"id": run_id})["runOrError"]
        events = run.get("eventConnection", {}).get("events", [])
        errors = [e["error"] for e in events if e.get("error")]
        causes = [(e.get("cause") or e)["message"] for e in errors] or [
            e["message"] for e in events if e.get("message")
        ]
        said = causes[-1].strip().splitlines()[0] if causes else "it left no reason"
        return f"its run ended without a result: {said}"[:_REASON_LENGTH]

    def _find_place(self) -> _Place:
        if self._place is None:
            self._place = _place_of(self._door.ask(_WORKSPACE, {})["workspaceOrError"])
        return self._place


class _MovedError(UnavailableError):
    """The job is not where it was."""


def _place_of(workspace: Mapping[str, Any]) -> _Place:
    troubles = [str(workspace.get("message", ""))]
    for entry in workspace.get("locationEntries", []):
        found = entry["locationOrLoadError"] or {}
        for repository in found.get("repositories", []):
            if any(job["name"] == JOB for job in repository["jobs"]):
                return _Place(location=entry["name"], repository=repository["name"])
        troubles.append(f"{entry['name']}: {found.get('message') or entry['loadStatus']}")
    said = "; ".join(trouble.strip() for trouble in troubles if trouble)
    raise UnavailableError(f"no loaded code location of Dagster has the job {JOB} ({said or 'none is there'})")


def _tags(report: ReportRow, partition_key: str) -> dict[str, str]:
    tags = {TAG_REPORT: report.id, TAG_ORGANIZATION: report.organization, "dagster/partition": partition_key}
    tags[TAG_PRIORITY] = RunPriority.API.value
    return tags | ({TAG_FRAMEWORK: report.framework} if report.framework else {})


def _is_followed(runs: list[dict[str, Any]]) -> bool:
    """Whether another run comes: by Dagster's own retry, or by the sensor ``due_reports`` after one that was lost."""
    last = {tag["key"]: tag["value"] for tag in runs[0]["tags"]}
    if runs[0]["status"] != "FAILURE":
        return False
    verdict = last.get(TAG_WILL_RETRY)
    if verdict is None:
        # Dagster writes its verdict a moment after the failure: until then nobody knows.
        return time.time() - (runs[0].get("endTime") or 0) < _UNDECIDED_SECONDS
    is_own = last.get(TAG_FAILURE_REASON) in OWN_FAILURES
    if is_own:
        return verdict == "true" and "dagster/auto_retry_run_id" not in last
    return len(runs) < MOST_RUNS
