"""What those who wait for a report learn: stage, place, an estimate that stays, warnings, and the whole report."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from policycortex.channels.connections import load_connections
from policycortex.names import ReportFormat, ReportStage
from policycortex.settings import Settings
from policycortex.storage.registry.schedule_rows import NewDelivery
from policycortex.workflow.report_progress import ReportProgress
from policycortex.workflow.undelivered import find_lacking
from tests.support.api_server import ApiServer


@pytest.fixture
def at_once(order: dict[str, Any]) -> dict[str, Any]:
    """The documented order, without a time and a delivery."""
    return {name: value for name, value in order.items() if name != "delivery"}


def test_a_request_that_waits_gets_the_whole_report(
    server: ApiServer, client: httpx.Client, at_once: dict[str, Any]
) -> None:
    """200 with all details as soon as the report is completed, and what the answer to a request has."""
    finisher = threading.Thread(target=_complete_first, args=(server,))
    finisher.start()
    answer = client.post("/v1/reports", json=at_once, headers={"Prefer": "wait=30"}, timeout=60)
    finisher.join()
    assert answer.status_code == 200, answer.text
    assert "Retry-After" not in answer.headers
    body = answer.json()
    details = client.get(f"/v1/reports/{body['id']}").json()
    assert {name: body[name] for name in details} == details
    assert body["status"] == "completed"
    assert body["formats"][0]["sha256"]
    assert body["monitoring"]["progress_url"].endswith(body["id"])
    assert answer.headers["Location"] == body["monitoring"]["progress_url"]


def _complete_first(server: ApiServer) -> None:
    until = datetime.now().astimezone() + timedelta(seconds=30)
    while datetime.now().astimezone() < until:
        if found := server.registry.reports.list_reports(server.organization).reports:
            server.complete(found[0].id, {ReportFormat.PDF: b"x"})
            return


def test_details_say_what_the_run_does(server: ApiServer, client: httpx.Client, at_once: dict[str, Any]) -> None:
    """Stage, format and percent of the run; nothing of another run is taken, and nothing is left at the end."""
    report_id = client.post("/v1/reports", json=at_once).json()["id"]
    path = f"/v1/reports/{report_id}"
    assert (client.get(path).json()["stage"], client.get(path).json()["queue_position"]) == (None, 1)
    server.registry.reports.mark_running(report_id, "run", now=server.clock())
    running = client.get(path).json()
    assert (running["stage"], running["progress"], running["queue_position"]) == ("reading", 1, 0)
    formats = (ReportFormat.PDF, ReportFormat.EXCEL, ReportFormat.CSV)
    seconds = iter(range(0, 1000, 10))
    for run in ("another", "run"):
        progress = ReportProgress(server.registry, report_id, run, formats, clock=lambda: float(next(seconds)))
        progress.enter(ReportStage.RENDERING, ReportFormat.EXCEL)
        found = client.get(path).json()
        expected = ("rendering", "excel", 78) if run == "run" else ("reading", None, 1)
        assert (found["stage"], found["stage_format"], found["progress"]) == expected
    hurried = ReportProgress(server.registry, report_id, "run", formats, clock=lambda: 0.0)
    hurried.enter(ReportStage.STORING)
    assert client.get(path).json()["stage"] == "rendering"
    server.complete(report_id)
    assert (client.get(path).json()["stage"], client.get(path).json()["progress"]) == (None, 100)


def test_an_estimate_stays(server: ApiServer, client: httpx.Client, at_once: dict[str, Any]) -> None:
    """The time of the answer is that of the details, also later; once it has passed, it is twice the span."""
    answer = client.post("/v1/reports", json=at_once).json()
    path = f"/v1/reports/{answer['id']}"

    def estimate() -> datetime:
        return datetime.fromisoformat(client.get(path).json()["estimated_completion"])

    first, began = datetime.fromisoformat(answer["estimated_completion"]), server.clock()
    server.clock.pass_by(timedelta(seconds=20))
    assert estimate() == first
    server.registry.reports.mark_running(answer["id"], "run", now=server.clock())
    assert estimate() == first
    server.clock.pass_by(timedelta(seconds=20))
    second = estimate()
    assert second - first == pytest.approx(first - began, abs=timedelta(seconds=1))
    server.clock.pass_by(timedelta(seconds=10))
    assert estimate() == second


def test_a_request_names_a_connection_that_is_missing(client: httpx.Client, order: dict[str, Any]) -> None:
    """The documented example names an e-mail address, and this installation has no connection for mail."""
    [warning] = [each for each in client.post("/v1/reports", json=order).json()["warnings"] if "channel" in each]
    assert (warning["code"], warning["channel"]) == ("unknown_connection", "email")


def _delivery(channel: str, connection: str) -> NewDelivery:
    return NewDelivery(destination={}, key=connection, channel=channel, connection=connection, target="x")


def test_a_message_without_a_link_is_noted(tmp_path: Path) -> None:
    """Teams shows links, mail attaches the files, and Slack does what its connection says; each is named once."""
    text = """
      connections:
        teams: {type: teams, url: "env:URL"}
        linked: {type: slack, token: "env:TOKEN", attach_files: false}
        slack: {type: slack, token: "env:TOKEN"}
        mail: {type: email, host: mail.example, sender: a@example.com}
    """
    pairs = (("teams", "teams"), ("teams", "teams"), ("slack", "linked"), ("slack", "slack"), ("email", "mail"))
    new = [_delivery(*pair) for pair in pairs]
    for address, expected in ((None, ["teams", "linked"]), ("https://reports.example", [])):
        connections = load_connections(Settings(home=tmp_path, connections=text, public_url=address))
        found = find_lacking(new, connections)
        assert [each.connection for each in found] == expected
        assert {each.code for each in found} <= {"no_public_url"}
