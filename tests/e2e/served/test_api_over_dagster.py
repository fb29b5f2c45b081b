"""The API of a served installation: report requests become Dagster runs, and reports show how their runs ended."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.platform import dagster_backfills
from api.platform.dagster_runs import DagsterRuns
from policycortex.settings import Settings
from tests.support.installation import Server, run_program

pytestmark = pytest.mark.timeout(600)

DAY = "2024-01-15"
"""On which the installation has findings."""

ORDER: dict[str, Any] = {
    "name": "October, served",
    "type": "compliance",
    "framework": "soc2",
    "scope": {"date_range": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-31T23:59:59Z"}},
    "format_options": {"formats": ["pdf", "json"]},
}


@dataclass(frozen=True)
class Served:
    """The shared installation as this file uses it."""

    client: httpx.Client
    server: Server
    home: Path

    def make_key(self, *options: str) -> str:
        """Another key, by the command line."""
        made = run_program("keys", "create", "--name", "e2e", *options, home=self.home)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()


@pytest.fixture
def served(server: Server) -> Iterator[Served]:
    """A client of the shared installation."""
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=90, trust_env=False) as client:
        yield Served(client=client, server=server, home=server.home)


def test_an_order_becomes_files_through_a_tagged_run(served: Served) -> None:
    """202, then a run that Dagster shows under the report's id, then files whose digests hold."""
    answer = served.client.post("/v1/reports", json=ORDER)
    assert answer.status_code == 202
    details = _ended(served.client, answer.json()["id"])
    assert details["status"] == "completed", details["failure"]
    assert details["run_id"] in _runs_tagged(served, details["id"])
    assert details["content"]["sections"]
    assert all(1 <= section["pages"] <= details["content"]["pages"] for section in details["content"]["sections"])
    for file in details["formats"]:
        content = served.client.get(file["url"]).content
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    listed = served.client.get("/v1/reports", params={"status": "completed"}).json()["reports"][0]
    assert listed["size"]["pages"] == details["content"]["pages"]


def test_a_report_is_made_again_and_as_known_before(served: Served) -> None:
    """In another language with equal figures; as known now with equal figures; who may not read it gets 404."""
    first = _ended(served.client, served.client.post("/v1/reports", json=ORDER).json()["id"])
    changes = {"from_report": first["id"], "format_options": {"formats": ["json"], "locale": "de"}}
    now = datetime.now(UTC).isoformat()
    for body in (changes, {**ORDER, "known_on": now, "format_options": {"formats": ["json"]}}):
        answer = served.client.post("/v1/reports", json=body)
        assert answer.status_code == 202, answer.text
        again = _ended(served.client, answer.json()["id"])
        assert again["status"] == "completed", again["failure"]
        assert again["summary"] == first["summary"]
    assert again["known_on"] is not None
    stranger = {"Authorization": f"Bearer {served.make_key('--org', 'another')}"}
    refused = served.client.post("/v1/reports", json=changes, headers=stranger)
    assert (refused.status_code, refused.json()["error_code"]) == (404, "RPT_002")
    early = served.client.post("/v1/reports", json={**ORDER, "known_on": "2026-10-02"})
    assert (early.status_code, early.json()["error_code"]) == (410, "RPT_023")
    assert "the earliest time is" in early.json()["error_description"]
    path, zero = "/v1/frameworks/soc2/posture", {"as_of": "2026-10-31T23:59:59Z"}
    known = [served.client.get(path, params=zero | more).json() for more in ({}, {"known_on": now})]
    assert known[0]["requirements"] == known[1]["requirements"]
    assert served.client.get(path, params={"known_on": "2020-01-01"}).json()["error_code"] == "RPT_023"


def test_a_report_shows_that_its_run_was_ended_in_dagster(served: Served) -> None:
    """Someone ends the run in the Dagster UI: the report is failed, with the reason, when it is next looked at."""
    for _ in range(10):  # a run may be through before it can be ended
        report_id = served.client.post("/v1/reports", json=ORDER).json()["id"]
        while (report := served.client.get(f"/v1/reports/{report_id}").json())["status"] == "pending":
            time.sleep(0.05)  # Dagster ends no run that is just starting
        url = f"http://127.0.0.1:{served.server.dagster_port}"
        runs = DagsterRuns(Settings(home=served.home, dagster_url=url))
        runs.cancel(report["run_id"])
        runs.close()
        details = _ended(served.client, report_id)
        if details["status"] != "completed":
            break
    assert details["status"] == "failed"
    assert "canceled" in details["failure"]["message"]


def test_cancelling_ends_the_run_in_dagster(served: Served) -> None:
    """The report is cancelled at once, its run soon after."""
    report_id = served.client.post("/v1/reports", json=ORDER).json()["id"]
    assert served.client.post(f"/v1/reports/{report_id}/cancel").json()["status"] == "cancelled"
    until = time.monotonic() + 120
    while (states := set(_runs_tagged(served, report_id).values())) != {"CANCELED"} and time.monotonic() < until:
        time.sleep(0.5)
    assert states == {"CANCELED"}
    assert served.client.get(f"/v1/reports/{report_id}").json()["status"] == "cancelled"


def test_a_backfill_is_started_and_followed_to_its_end(served: Served) -> None:
    """A month without scans: two monthly reports, visible to its organisation only; none asked for is refused.

    One framework is built in, the other was uploaded a moment before: its partitions are added by the request.
    """
    span = {"start": "2021-03-01", "end": "2021-03-31"}
    admin = served.client.post("/v1/backfills", json=span)
    assert admin.status_code == 403
    key = served.make_key("--scopes", "admin")
    headers = {"Authorization": f"Bearer {key}"}
    own = {"id": "own", "name": "Own", "version": "1", "requirements": [{"id": "1", "title": "x"}]}
    uploaded = served.client.post("/v1/frameworks", json=own, headers=headers)
    assert uploaded.status_code == 201, uploaded.text
    empty = served.client.post("/v1/backfills", json=span, headers=headers)
    assert (empty.status_code, "Nothing was scanned from 2021-03-01" in empty.text) == (400, True), empty.text
    started = served.client.post("/v1/backfills", json=span | {"frameworks": ["soc2", "own"]}, headers=headers)
    assert started.status_code == 202, started.text
    url = started.json()["progress_url"]
    stranger = {"Authorization": f"Bearer {served.make_key('--scopes', 'admin', '--org', 'stranger')}"}
    assert served.client.get(url, headers=stranger).status_code == 404
    assert served.client.post(f"{url}/cancel", headers=stranger).status_code == 404
    scanned = served.client.post("/v1/backfills", json={"start": DAY, "end": DAY}, headers=headers)
    assert scanned.status_code == 202, scanned.text
    for each, total in ((url, 2), (scanned.json()["progress_url"], len(dagster_backfills._DAYS))):
        state = _backfilled(served.client, each, headers)
        assert state["status"] == "completed", state
        assert state["progress"] == {"total": total, "completed": total, "failed": 0, "in_progress": 0}
    reports = served.client.get("/v1/reports", params={"q": "March 2021"}).json()["reports"]
    assert {report["framework"]: report["status"] for report in reports} == {"soc2": "completed", "own": "completed"}


def _backfilled(client: httpx.Client, url: str, headers: dict[str, str]) -> dict[str, Any]:
    until = time.monotonic() + 400
    while (state := client.get(url, headers=headers).json())["status"] == "running" and time.monotonic() < until:
        time.sleep(2)
    return dict(state)


def _ended(client: httpx.Client, report_id: str) -> dict[str, Any]:
    until = time.monotonic() + 240
    details: dict[str, Any] = {}
    while time.monotonic() < until:
        details = client.get(f"/v1/reports/{report_id}", headers={"Prefer": "wait=2"}).json()
        if details["status"] not in {"pending", "running"}:
            break
    return details


def _runs_tagged(served: Served, report_id: str) -> dict[str, str]:
    query = """query($id: String!) { runsOrError(filter: {tags: [{key: "policycortex/report_id", value: $id}]}) {
        ... on Runs { results { runId status } } } }"""
    found = served.server.query_dagster(query, {"id": report_id})
    return {run["runId"]: run["status"] for run in found["runsOrError"]["results"]}
