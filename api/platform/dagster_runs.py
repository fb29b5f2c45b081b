"""Runs through Dagster's own door, the webserver's GraphQL; no Dagster is imported."""

from datetime import UTC, datetime
from typing import Final

from api.platform.dagster_graphql import DagsterDoor
from api.platform.dagster_location import CodeLocation, add_partition, find_location
from api.platform.runs import PartState
from policycortex.errors import UnavailableError
from policycortex.names import REPORT_JOB, REPORT_OPERATION, REPORT_PARTITIONS, TAG_REPORT, RunPriority
from policycortex.requests import ReportRequest
from policycortex.scheduling.run_recovery import CANCELED, CANCELED_IN_DAGSTER, ReportRun, RunState, run_state_of
from policycortex.storage.registry import Failure, ReportRow
from policycortex.workflow.request_report import run_tags

_REASON_LENGTH: Final = 500

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


class DagsterRuns:
    """A RunLauncher over the webserver at ``url``. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._door = DagsterDoor(url)
        self._place: CodeLocation | None = None

    def launch(self, report: ReportRow, order: ReportRequest) -> str:
        """See RunLauncher."""
        try:
            return self._launch(report, order, self._find_place())
        except _MovedError:
            self._place = None  # the code location was reloaded under another name
            return self._launch(report, order, self._find_place())

    def find_failure(self, report: ReportRow) -> Failure | None:
        """See RunLauncher. All runs of the report count: a run that was lost is followed by another one."""
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

    def _launch(self, report: ReportRow, order: ReportRequest, place: CodeLocation) -> str:
        key = order.period.partition_key
        add_partition(self._door, place, REPORT_PARTITIONS, key)
        tags = {"dagster/partition": key} | run_tags(
            report_id=report.id,
            organization=report.organization,
            framework=report.framework,
            priority=RunPriority.API,
        )
        params = {
            "selector": {**place.selector(), "jobName": REPORT_JOB},
            "runConfigData": {"ops": {REPORT_OPERATION: {"config": {"report_id": report.id}}}},
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        launched = self._door.ask(_LAUNCH, {"params": params})["launchRun"]
        match launched["__typename"]:
            case "LaunchRunSuccess":
                return str(launched["run"]["runId"])
            case "PipelineNotFoundError" | "JobNotFoundError" | "RepositoryNotFoundError":
                raise _MovedError(f"Dagster has no job {REPORT_JOB} at {place.location}")
            case kind:
                raise UnavailableError(
                    f"Dagster did not start the run: {launched.get('message') or launched.get('errors') or kind}"
                )

    def _runs_of(self, report: ReportRow) -> list[ReportRun]:
        """Newest first."""
        wanted = {"tags": [{"key": TAG_REPORT, "value": report.id}]}
        answer = self._door.ask(_RUNS, {"filter": wanted})["runsOrError"]
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
        run = self._door.ask(_EVENTS, {"id": run_id})["runOrError"]
        events = run.get("eventConnection", {}).get("events", [])
        errors = [e["error"] for e in events if e.get("error")]
        causes = [(e.get("cause") or e)["message"] for e in errors] or [
            e["message"] for e in events if e.get("message")
        ]
        said = causes[-1].strip().splitlines()[0] if causes else "it left no reason"
        return f"its run ended without a result: {said}"[:_REASON_LENGTH]

    def _find_place(self) -> CodeLocation:
        if self._place is None:
            self._place = find_location(self._door)
        return self._place


class _MovedError(UnavailableError):
    """The job is not where it was."""
