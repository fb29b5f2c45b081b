"""Runs whose process is killed: noticed, tried again, and true at their end."""

import os
import signal
import subprocess
import sys
from typing import Any

from pipelines.platform.worker_identity import TAG_WORKER, WorkerIdentity
from tests.e2e.served.test_documented_calls import ORDER, order, wait_for_end
from tests.support.installation import Server, wait_until


def runs_of(server: Server, report_id: str) -> list[dict[str, Any]]:
    """Dagster's runs of a report, newest first."""
    tag = f'{{key: "policycortex/report_id", value: "{report_id}"}}'
    wanted = "... on Runs { results { runId status tags { key value } } }"
    query = f"{{ runsOrError(filter: {{tags: [{tag}]}}) {{ {wanted} }} }}"
    answer = server.query_dagster(query)
    results = answer["runsOrError"]["results"]
    return [
        {"id": run["runId"], "status": run["status"], **{tag["key"]: tag["value"] for tag in run["tags"]}}
        for run in results
    ]


def worker_of(server: Server, run_id: str) -> WorkerIdentity:
    """The process that executes a run. Dagster shows its tag to nobody: another process reads the file of runs."""
    read = "import sqlite3, sys; file, query, *values = sys.argv[1:]"
    read += "; print(*sqlite3.connect(file, uri=True).execute(query, values).fetchone())"
    query = "SELECT value FROM run_tags WHERE run_id = ? AND key = ?"
    file = f"file:{server.home}/dagster/history/runs.db?mode=ro"
    command = [sys.executable, "-c", read, file, query, run_id, TAG_WORKER]
    return WorkerIdentity.from_tag(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def test_a_killed_worker_is_noticed_and_its_report_still_comes(server: Server) -> None:
    """SIGKILL while the run works: the first run ends as failed, a second one completes the report."""
    ordered = order(server, ORDER | {"name": "Killed once", "format_options": {"formats": ["pdf", "html"]}})

    def working() -> WorkerIdentity | None:
        started = [run for run in runs_of(server, ordered["id"]) if run["status"] == "STARTED"]
        return worker_of(server, started[0]["id"]) if started else None

    worker = wait_until(working, seconds=60, what="the run works")
    os.kill(worker.pid, signal.SIGKILL)
    report = wait_for_end(server, ordered["id"])
    assert report["status"] == "completed", report.get("failure")

    def ended() -> list[str] | None:
        states = sorted(run["status"] for run in runs_of(server, ordered["id"]))
        return None if "STARTED" in states else states

    # The report is complete a moment before Dagster has written its run's end.
    assert wait_until(ended, seconds=60, what="all runs have ended") == ["FAILURE", "SUCCESS"]
