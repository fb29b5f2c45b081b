"""Schedules to inboxes through the served product, while its processes are killed at random."""

import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.installation import Server, run_program, start_server, stop_server, wait_until
from tests.support.receivers import Mailbox, smtp_server

SCHEDULES = int(os.environ.get("POLICYCORTEX_TEST_STORM_SCHEDULES", "12"))
KILLS = int(os.environ.get("POLICYCORTEX_TEST_STORM_KILLS", "4"))
SEED = int(os.environ.get("POLICYCORTEX_TEST_STORM_SEED", "7"))
"""The measured storm of docs/delivery.md is 60 schedules and 10 kills; it takes minutes, so fewer are the habit."""


pytestmark = pytest.mark.storm


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server on loopback."""
    with smtp_server() as mailbox:
        yield mailbox


@pytest.fixture
def own_server(tmp_path: Path, findings: Path, box: Mailbox) -> Iterator[Server]:
    """An installation of the test's own, with that mail server as its only connection."""
    home = tmp_path / "home"
    assert run_program("ingest", findings, home=home).returncode == 0
    mail = {"type": "email", "host": "localhost", "port": box.port, "security": "none", "sender": "r@company.com"}
    (home / "connections.yaml").write_text(json.dumps({"connections": {"mail": mail}}))
    key = run_program("keys", "create", "--name", "tests", home=home)
    server = start_server(home)
    server.key = key.stdout.strip()
    yield server
    stop_server(server)


def _schedule(server: Server, number: int, due: datetime) -> str:
    body = {
        "name": f"Storm {number}",
        "schedule": {"cron": f"{due.minute} {due.hour} {due.day} {due.month} *", "timezone": "UTC"},
        "report_template": {"type": "compliance", "scope": {}, "format_options": {"formats": ["json"]}},
        "delivery": {"email": {"recipients": [f"p{number}@company.com"]}},
    }
    headers = ("-H", "Content-Type: application/json", "-d", json.dumps(body))
    made = server.curl_json("-X", "POST", f"{server.url}/v1/reports/schedules", *headers)
    return str(made["id"])


def _kill_one(server: Server, chance: random.Random) -> None:
    """The daemon, the code server, the webserver, the host of runs, or one of its workers."""
    victims = [process for process in server.family() if "watchdog" not in " ".join(_command(process))]
    if victims:
        chance.choice(victims).kill()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _ended(server: Server) -> dict[str, Any] | None:
    try:
        listed = server.curl_json(f"{server.url}/v1/deliveries?limit=100")
    except (ValueError, subprocess.CalledProcessError):
        return None  # the API is being started again
    rows = listed.get("deliveries", [])
    is_over = len(rows) == SCHEDULES and all(r["status"] not in {"waiting", "pending", "sending"} for r in rows)
    return listed if is_over else None


@pytest.mark.timeout(2400)
def test_every_due_report_arrives_once_while_processes_are_killed(own_server: Server, box: Mailbox) -> None:
    """All due in one minute. In the end each has one report, and one mail, or a mail marked uncertain."""
    chance = random.Random(SEED)  # noqa: S311 - which process dies
    due = (datetime.now(UTC) + timedelta(minutes=3)).replace(second=0, microsecond=0)
    ids = [_schedule(own_server, number, due) for number in range(SCHEDULES)]
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    for _ in range(KILLS):
        time.sleep(chance.uniform(1, 6))
        _kill_one(own_server, chance)
    listed = wait_until(lambda: _ended(own_server), seconds=1800, what="all deliveries at their end")
    outcomes = Counter(row["status"] for row in listed["deliveries"])
    print(f"{SCHEDULES} schedules, {KILLS} kills: {dict(outcomes)}, {len(box.messages)} mails")
    lost = [row["report_id"] for row in listed["deliveries"] if row["status"] not in {"sent", "uncertain"}]
    reasons = [own_server.curl_json(f"{own_server.url}/v1/reports/{report_id}").get("failure") for report_id in lost]
    assert set(outcomes) <= {"sent", "uncertain"}, reasons
    arrived = Counter(recipient for recipient, _ in box.messages)
    for row in listed["deliveries"]:
        assert arrived[row["target"]] == 1 or (row["status"] == "uncertain" and arrived[row["target"]] == 0), row
    for schedule_id in ids:
        runs = own_server.curl_json(f"{own_server.url}/v1/reports/schedules/{schedule_id}/runs")["runs"]
        assert [run["status"] for run in runs] == ["completed"], runs
