"""A customer's schedule in Dagster's own eyes: loaded while all runs, ticked, its runs tagged, gone when disabled."""

import json
from typing import Any

import pytest

from tests.support.installation import Server, wait_until

pytestmark = pytest.mark.storm  # waits for the minute to turn, so it runs with `make storm`

_SCHEDULES = """{ repositoriesOrError { ... on RepositoryConnection { nodes { schedules { name cronSchedule
  executionTimezone scheduleState { ticks(limit: 10) { status runs { tags { key value } } } } } } } } }"""


def _in_dagster(server: Server, name: str) -> dict[str, Any] | None:
    answer = server.query_dagster(_SCHEDULES)
    nodes = answer["repositoriesOrError"].get("nodes", [])  # none for the moment of loading anew
    return next((s for node in nodes for s in node["schedules"] if s["name"] == name), None)


def _tick_with_run(server: Server, name: str) -> dict[str, str] | None:
    """Tags of the run of the schedule's newest tick that asked for one."""
    shown = _in_dagster(server, name) or {"scheduleState": {"ticks": []}}
    runs = [run for tick in shown["scheduleState"]["ticks"] if tick["status"] == "SUCCESS" for run in tick["runs"]]
    return {tag["key"]: tag["value"] for tag in runs[0]["tags"]} if runs else None


@pytest.mark.timeout(600)
def test_a_schedule_ticks_in_dagster_and_leaves_it_when_disabled(server: Server) -> None:
    """Made over the API while everything runs; its tick's run names schedule, nominal tick and report."""
    body = {
        "name": "Each minute",
        "schedule": {"cron": "* * * * *", "timezone": "Europe/Berlin"},
        "report_template": {"type": "compliance", "format_options": {"formats": ["json"]}},
    }
    headers = ("-H", "Content-Type: application/json")
    made = server.curl_json("-X", "POST", f"{server.url}/v1/reports/schedules", *headers, "-d", json.dumps(body))
    path, name = f"{server.url}/v1/reports/schedules/{made['id']}", f"delivery_{made['id']}"
    shown = wait_until(lambda: _in_dagster(server, name), seconds=180, what="the schedule is loaded")
    assert (shown["cronSchedule"], shown["executionTimezone"]) == ("* * * * *", "Europe/Berlin")
    tags = wait_until(lambda: _tick_with_run(server, name), seconds=300, what="a tick of the schedule asked for a run")
    assert tags["policycortex/schedule_id"] == made["id"]
    runs = server.curl_json(f"{path}/runs")["runs"]
    (run,) = [run for run in runs if run["report_id"] == tags["policycortex/report_id"]]
    assert tags["policycortex/tick"] == run["scheduled_for"].replace("Z", "+00:00")
    assert tags["dagster/schedule_name"] == name
    off = server.curl_json("-X", "PATCH", path, *headers, "-d", json.dumps({"enabled": False}))
    assert off["next_runs"] == []
    wait_until(lambda: _in_dagster(server, name) is None or None, seconds=180, what="the schedule has left Dagster")
    ticks = [run["scheduled_for"] for run in server.curl_json(f"{path}/runs")["runs"]]
    assert len(ticks) == len(set(ticks))
    server.curl("-X", "DELETE", path)
