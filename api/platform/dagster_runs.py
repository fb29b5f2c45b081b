"""Runs of reports through the GraphQL interface of Dagster's webserver; the API does not import Dagster."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.platform.daemon_times import TICK_AGE, find_faults, newest_heartbeats, newest_ticks
from api.platform.dagster_graphql import DagsterClient
from api.platform.dagster_location import CodeLocation, add_partition, find_location
from api.platform.runs import PartState
from policycortex.errors import UnavailableError
from policycortex.names import REPORT_JOB, REPORT_OPERATION, REPORT_PARTITIONS, TAG_REPORT, RunPriority
from policycortex.requests import ReportRequest
from policycortex.requests.report_partitions import partition_key_of
from policycortex.scheduling.run_recovery import CANCELED, CANCELED_IN_DAGSTER, ReportRun, RunState, run_state_of
from policycortex.settings import Settings
from policycortex.storage.registry import Failure, ReportRow
from policycortex.tracing.spans import tracing_of
from policycortex.workflow.request_report import run_tags

_REASON_LENGTH: Final = 500
_YEAR: Final = timedelta(days=366)
_CHECKED_SECONDS: Final = 2.0
"""How long a report is not checked again; a check costs as much as several reads of the report itself."""

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
_DAEMONS: Final = """query { instance { daemonHealth { allDaemonStatuses {
  daemonType healthy required lastHeartbeatTime } } } }"""
_SENSORS: Final = """query($selector: RepositorySelector!, $after: Float) {
  sensorsOrError(repositorySelector: $selector, sensorStatus: RUNNING) { __typename ... on Sensors { results {
    name minIntervalSeconds sensorState { ticks(limit: 1, afterTimestamp: $after) { timestamp } } } } } }"""


class DagsterRuns:
    """A RunLauncher over the webserver of the settings. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._client, self._tracing = DagsterClient(settings), tracing_of(settings)
        self._location: CodeLocation | None = None
        self._checked: dict[str, float] = {}
        """When reports were last checked, by id."""

    def launch(self, report: ReportRow, request: ReportRequest) -> str:
        """See RunLauncher."""
        try:
            return self._launch(report, request, self._find_location())
        except _MovedError:
            self._location = None  # the code location was reloaded under another name
            return self._launch(report, request, self._find_location())

    def find_failure(self, report: ReportRow) -> Failure | None:
        """See RunLauncher. All runs of the report are considered: a lost run is followed by another one.

        None, too, within two seconds of a check: those who wait for a report read it several times a second.
        """
        if self._was_checked(report.id):
            return None
        runs = self._runs_of(report)
        if run_state_of(runs, now=datetime.now(UTC)) is not RunState.FINAL:
            return None
        if runs[0].status == CANCELED:
            return Failure(code="RPT_500", message=CANCELED_IN_DAGSTER, is_retryable=True)
        return Failure(code="RPT_500", message=self._reason(runs[0].run_id))

    def has_run(self, report: ReportRow) -> bool:
        """See RunLauncher."""
        return bool(self._runs_of(report))

    def cancel(self, run_id: str) -> None:
        """See RunLauncher."""
        self._client.query(_TERMINATE, {"id": run_id})

    def check(self) -> tuple[PartState, ...]:
        """See RunLauncher: the webserver, the code location with the job, and the required daemons with their times."""
        now = datetime.now(UTC)
        try:
            self._location = None
            location = self._find_location()
            statuses = self._client.query(_DAEMONS, {})["instance"]["daemonHealth"]["allDaemonStatuses"]
            ticks = newest_ticks(self._running_sensors(location, now))
        except UnavailableError as error:
            return (PartState(name="dagster", is_ok=False, detail=str(error)),)
        unhealthy = [s["daemonType"] for s in statuses if s["required"] and not s["healthy"]]
        detail = f"no heartbeat of {', '.join(unhealthy)}" if unhealthy else ""
        detail = detail or find_faults([*newest_heartbeats(statuses), *ticks], now=now)
        return (PartState(name="dagster", is_ok=True), PartState(name="daemon", is_ok=not detail, detail=detail))

    def close(self) -> None:
        """See RunLauncher."""
        self._client.close()

    def _launch(self, report: ReportRow, request: ReportRequest, location: CodeLocation) -> str:
        key = partition_key_of(request)
        add_partition(self._client, location, REPORT_PARTITIONS, key)
        tags = {"dagster/partition": key} | run_tags(
            report_id=report.id,
            organization=report.organization,
            framework=report.framework,
            priority=RunPriority.API,
            trace=self._tracing.context(),
        )
        params = {
            "selector": {**location.selector(), "jobName": REPORT_JOB},
            "runConfigData": {"ops": {REPORT_OPERATION: {"config": {"report_id": report.id}}}},
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        launched = self._client.query(_LAUNCH, {"params": params})["launchRun"]
        match launched["__typename"]:
            case "LaunchRunSuccess":
                return str(launched["run"]["runId"])
            case "PipelineNotFoundError" | "JobNotFoundError" | "RepositoryNotFoundError":
                raise _MovedError(f"Dagster has no job {REPORT_JOB} at {location.location}")
            case kind:
                raise UnavailableError(
                    f"Dagster did not start the run: {launched.get('message') or launched.get('errors') or kind}"
                )

    def _was_checked(self, report_id: str) -> bool:
        """Whether it was within the last seconds; if not, it counts as checked now."""
        now = time.monotonic()
        self._checked = {id_: at for id_, at in self._checked.items() if now - at < _CHECKED_SECONDS}
        return self._checked.setdefault(report_id, now) != now

    def _runs_of(self, report: ReportRow) -> list[ReportRun]:
        """Newest first."""
        wanted = {"tags": [{"key": TAG_REPORT, "value": report.id}]}
        answer = self._client.query(_RUNS, {"filter": wanted})["runsOrError"]
        if answer["__typename"] != "Runs":
            raise UnavailableError(f"Dagster cannot list the report's runs: {answer.get('message')}")
        return [
            ReportRun(
                run_id=run["runId"],
                status=run["status"],
                tags={tag["key"]: tag["value"] for tag in run["tags"]},
                ended_at=datetime.fromtimestamp(ended, UTC) if (ended := run.get("endTime")) else None,
            )
            for run in answer["results"]
        ]

    def _reason(self, run_id: str) -> str:
        run = self._client.query(_EVENTS, {"id": run_id})["runOrError"]
        events = run.get("eventConnection", {}).get("events", [])
        errors = [e["error"] for e in events if e.get("error")]
        causes = [(e.get("cause") or e)["message"] for e in errors] or [
            e["message"] for e in events if e.get("message")
        ]
        reason = causes[-1].strip().splitlines()[0] if causes else "no reason is recorded"
        return f"its run ended without a result: {reason}"[:_REASON_LENGTH]

    def _running_sensors(self, location: CodeLocation, now: datetime) -> list[dict[str, Any]]:
        """The sensors that are switched on, each with its newest tick of a year. First only of some minutes.

        Without a time Dagster ranks all ticks of all sensors, and finds none where the code server has another address.
        """
        late = self._sensors(location, after=now - TICK_AGE)
        if all(sensor["sensorState"]["ticks"] for sensor in late):
            return late
        return self._sensors(location, after=now - _YEAR)

    def _sensors(self, location: CodeLocation, *, after: datetime) -> list[dict[str, Any]]:
        variables = {"selector": location.selector(), "after": after.timestamp()}
        found: list[dict[str, Any]] = self._client.query(_SENSORS, variables)["sensorsOrError"].get("results", [])
        return found

    def _find_location(self) -> CodeLocation:
        if self._location is None:
            self._location = find_location(self._client)
        return self._location


class _MovedError(UnavailableError):
    """The job is not at its former location."""
