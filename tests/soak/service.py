"""A served installation under load: what it is asked, and how long each takes."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.installation import Server, wait_until
from tests.workflow.test_story_of_a_year import OPEN, scan

LOCATION: Final = {"repositoryName": "__repository__", "repositoryLocationName": "policycortex"}
_LAUNCH: Final = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_RUN: Final = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_RUNS: Final = "{ runsOrError(limit: 25) { ... on Runs { results { runId status startTime tags { key value } } } } }"
_TICKS: Final = """query($s: RepositorySelector!) { sensorsOrError(repositorySelector: $s) { ... on Sensors { results {
  name sensorState { ticks(limit: 10) { status timestamp endTimestamp } } } } } }"""
_PATIENCE_SECONDS: Final = 1800.0
_ENDED: Final = ("completed", "failed", "cancelled")


@dataclass(slots=True)
class Load:
    """What was asked of the installation, and what became of it."""

    reports: list[float] = field(default_factory=list)
    """Seconds from the request to the completed report."""
    lists: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    imported: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Asks one installation."""

    server: Server
    http: httpx.Client

    def order(self, now: datetime) -> str:
        """The id of a report on the last week that is requested now."""
        scope = {"date_range": {"start": (now - timedelta(days=7)).isoformat(), "end": now.isoformat()}}
        body = {"name": "soak", "type": "compliance", "framework": "soc2", "scope": scope}
        answer = self.http.post("/v1/reports", json=body | {"format_options": {"formats": ["json"]}})
        return str(answer.raise_for_status().json()["id"])

    def make_report(self, now: datetime) -> float:
        """Seconds from a request to its completed report. Raises AssertionError when it fails."""
        started, report_id = time.monotonic(), self.order(now)

        def status() -> str | None:
            found = str(self.http.get(f"/v1/reports/{report_id}").raise_for_status().json()["status"])
            return found if found in _ENDED else None

        found = wait_until(status, seconds=_PATIENCE_SECONDS, what="the report has ended")
        assert found == "completed", found
        return time.monotonic() - started

    def list_reports(self) -> float:
        """Seconds of a page of reports."""
        return _seconds(lambda: self.http.get("/v1/reports", params={"limit": 50}).raise_for_status())

    def list_runs(self) -> float:
        """Seconds of the newest runs in the Dagster UI, as the median of five."""
        return statistics.median(_seconds(lambda: self.server.query_dagster(_RUNS)) for _ in range(5))

    def sensor_seconds(self) -> tuple[float, str, float]:
        """Median of the newest evaluations of all sensors, and the slowest one with its time."""

        def evaluated() -> list[tuple[float, str]]:
            answer = self.server.query_dagster(_TICKS, {"s": LOCATION})
            found = []
            for sensor in answer["sensorsOrError"]["results"]:
                ticks = [tick for tick in sensor["sensorState"]["ticks"] if tick["endTimestamp"]]
                found += [(tick["endTimestamp"] - tick["timestamp"], sensor["name"]) for tick in ticks]
            return found

        times = wait_until(evaluated, seconds=_PATIENCE_SECONDS, what="sensors were evaluated")
        slowest = max(times)
        return statistics.median(seconds for seconds, _ in times), slowest[1], slowest[0]

    def run_job(self, name: str) -> float:
        """Seconds of a run of the job. Raises AssertionError when it fails."""
        started = time.monotonic()
        params = {"mode": "default", "selector": {**LOCATION, "jobName": name}, "runConfigData": {}}
        launched: dict[str, Any] = self.server.query_dagster(_LAUNCH, {"p": params})["launchRun"]
        run_id = launched["run"]["runId"]

        def ended() -> str | None:
            status = str(self.server.query_dagster(_RUN, {"id": run_id})["runOrError"]["status"])
            return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

        status = wait_until(ended, seconds=_PATIENCE_SECONDS, what=f"the run of {name} has ended")
        assert status == "SUCCESS", f"{name}: {status}"
        return time.monotonic() - started

    def land(self, number: int, now: datetime) -> Path:
        """Put a file of one finding into the landing zone."""
        target = self.server.home / "landing" / f"soak-{number}.json"
        part = target.with_suffix(".part")
        scan(part, now - timedelta(minutes=number), {(OPEN, f"bucket-{number}"): "FAIL"})
        return part.rename(target)

    def await_import(self, *landed: Path) -> None:
        """Wait until landed files were moved away."""
        wait_until(
            lambda: not any(path.exists() for path in landed), seconds=_PATIENCE_SECONDS, what="all files are imported"
        )


def put_load(client: Client, *, seconds: float, now: Callable[[], datetime]) -> Load:
    """Reports one after the other, a file each 20 seconds and a list each second, until the time is over."""
    load, stop = Load(), threading.Event()

    def report() -> None:
        while not stop.is_set():
            _note(load, lambda: load.reports.append(client.make_report(now())))

    def read() -> None:
        while not stop.wait(1.0):
            _note(load, lambda: load.lists.append(client.list_reports()))

    threads = [threading.Thread(target=work) for work in (report, read)]
    for thread in threads:
        thread.start()
    landed: list[Path] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        landed.append(client.land(len(landed), now()))
        time.sleep(min(20.0, max(0.0, deadline - time.monotonic())))
    stop.set()
    for thread in threads:
        thread.join()
    client.await_import(*landed)
    load.imported = len(landed)
    return load


def _note(load: Load, work: Callable[[], object]) -> None:
    try:
        work()
    except (AssertionError, httpx.HTTPError) as error:
        load.failures.append(repr(error))


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
