"""Runs whose process is killed: noticed, tried again, and true at their end."""

import os
import signal
from typing import Any

from pipelines.platform.worker_identity import WorkerIdentity
from tests.e2e.served.test_documented_calls import ORDER, order, wait_for_end
from tests.support.installation import Server, wait_until


def runs_of(server: Server, report_id: str) -> list[dict[str, Any]]:
    """Dagster's runs of a report, newest first, with their workers."""
    tag = f'{{key: "policycortex/report_id", value: "{report_id}"}}'
    wanted = "... on Runs { results { status tags { key value } } }"
    query = f"{{ runsOrError(filter: {{tags: [{tag}]}}) {{ {wanted} }} }}"
    answer = server.query_dagster(query)
    results = answer["runsOrError"]["results"]
    return [{"status": run["status"], **{tag["key"]: tag["value"] for tag in run["tags"]}} for run in results]


def test_a_killed_worker_is_noticed_and_its_report_still_comes(server: Server) -> None:
    """SIGKILL while the run works: the first run ends as failed, a second one completes the report."""
    ordered = order(server, ORDER | {"name": "Killed once", "format_options": {"formats": ["pdf", "html"]}})

    def working() -> WorkerIdentity | None:
        started = [run for run in runs_of(server, ordered["id"]) if run["status"] == "STARTED"]
        return WorkerIdentity.from_tag(started[0]["policycortex/worker"]) if started else None

    worker = wait_until(working, seconds=60, what="the run works")
    os.kill(worker.pid, signal.SIGKILL)
    report = wait_for_end(server, ordered["id"])
    assert report["status"] == "completed", report.get("failure")

    def ended() -> list[str] | None:
        states = sorted(run["status"] for run in runs_of(server, ordered["id"]))
        return None if "STARTED" in states else states

    # The report is complete a moment before Dagster has written its run's end.
    assert wait_until(ended, seconds=60, what="all runs have ended") == ["FAILURE", "SUCCESS"]
