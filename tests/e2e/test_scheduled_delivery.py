"""Schedules to inboxes through the served product, while processes are killed at random and receivers drip.

Dripping receivers send byte after byte and never end an answer. One organisation's mail server and the server of its
alerts do so.
"""

import json
import os
import random
import re
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
from tests.support.slow_receivers import slow_receiver

SCHEDULES = int(os.environ.get("POLICYCORTEX_TEST_STORM_SCHEDULES", "12"))
KILLS = int(os.environ.get("POLICYCORTEX_TEST_STORM_KILLS", "4"))
SEED = int(os.environ.get("POLICYCORTEX_TEST_STORM_SEED", "7"))
"""The measured storm of docs/delivery.md is 60 schedules and 10 kills; it takes minutes, so fewer are the habit."""

DRIPPING = 6
"""Reports to the dripping server, each with three recipients: more than the organisation's part of the senders."""

_OWNER = "ops@company.com"
_LONGEST_STALL = timedelta(seconds=15)

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
    with slow_receiver("SMTP greeting") as dripping:
        _connect(home, box.port, dripping.port)
        key = run_program("keys", "create", "--name", "tests", home=home)
        server = start_server(home)
        server.key = key.stdout.strip()
        yield server
        stop_server(server)


def _connect(home: Path, port: int, dripping_port: int) -> None:
    """A mail server for the default organisation and its alerts; a dripping one for those of ``slow``."""
    mail = {"type": "email", "host": "localhost", "security": "none", "sender": "r@company.com"}
    connections = {
        "mail": mail | {"port": port, "organizations": ["default"]},
        "dripping": mail | {"port": dripping_port, "organizations": ["slow"]},
    }
    alerts = {
        "default": {"connection": "mail", "target": _OWNER},
        "slow": {"connection": "dripping", "target": _OWNER},
    }
    (home / "connections.yaml").write_text(json.dumps({"connections": connections, "alerts": alerts}))


def _recipient(number: int) -> str:
    """Every fourth one is refused by the server."""
    return f"{'refused' if number % 4 == 3 else 'p'}{number}@company.com"


def _schedule(server: Server, number: int, due: datetime) -> str:
    body = {
        "name": f"Storm {number}",
        "schedule": {"cron": f"{due.minute} {due.hour} {due.day} {due.month} *", "timezone": "UTC"},
        "report_template": {"type": "compliance", "scope": {}, "format_options": {"formats": ["json"]}},
        "delivery": {"email": {"recipients": [_recipient(number)]}},
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


def _post(server: Server, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    command = ["curl", "-sf", "-X", "POST", "-H", f"Authorization: Bearer {key or server.key}"]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(body), f"{server.url}{path}"]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def _drip(server: Server) -> None:
    """Reports of the organisation ``slow``: their deliveries and its alerts occupy senders as long as they may."""
    key = run_program("keys", "create", "--name", "slow", "--org", "slow", home=server.home).stdout.strip()
    for number in range(DRIPPING):
        people = [f"d{number}{name}@company.com" for name in "abc"]
        order = {"name": f"Drip {number}", "type": "compliance", "scope": {}, "format_options": {"formats": ["json"]}}
        _post(server, "/v1/reports", order | {"delivery": {"email": {"recipients": people}}}, key)


def _alerts(box: Mailbox) -> dict[str, set[str]]:
    """Message-IDs of the alerts by report. A killed sender repeats an alert under its id, never under another one."""
    found: dict[str, set[str]] = {}
    for recipient, raw in list(box.messages):
        if recipient == _OWNER:
            text = raw.decode()
            report, message = re.search(r"rpt_[0-9a-f]{16}", text), re.search(r"(?im)^message-id:\s*(\S+)", text)
            assert report is not None, text
            assert message is not None, text
            found.setdefault(report[0], set()).add(message[1])
    return found


@pytest.mark.timeout(1200)
def test_dripping_receivers_stall_nobody_else(own_server: Server, box: Mailbox) -> None:
    """While they hold their senders, another organisation's mails and alerts are sent within 15 s."""
    box.on_recipient |= {_recipient(number): "550 5.1.1 no such user" for number in range(SCHEDULES) if number % 4 == 3}
    _drip(own_server)
    time.sleep(45)
    order = {"type": "compliance", "scope": {}, "format_options": {"formats": ["json"]}}
    for number in range(SCHEDULES):
        delivery = {"email": {"recipients": [_recipient(number)]}}
        _post(own_server, "/v1/reports", order | {"name": f"Storm {number}", "delivery": delivery})
    listed = wait_until(lambda: _ended(own_server), seconds=900, what="all deliveries at their end")
    delays = []
    for row in listed["deliveries"]:
        report = own_server.curl_json(f"{own_server.url}/v1/reports/{row['report_id']}")
        delays.append(datetime.fromisoformat(row["ended_at"]) - datetime.fromisoformat(report["generated_at"]))
    refused = {row["report_id"] for row in listed["deliveries"] if row["status"] == "failed"}
    last = max(datetime.fromisoformat(row["ended_at"]) for row in listed["deliveries"])
    wait_until(lambda: _alerts(box).keys() >= refused, seconds=120, what="all alerts")
    alerted = datetime.now(UTC) - last
    print(
        f"{SCHEDULES} reports beside {DRIPPING * 3} dripping deliveries: longest {max(delays)}, alerts after {alerted}"
    )
    assert max(delays) <= _LONGEST_STALL
    assert alerted <= 2 * _LONGEST_STALL  # the last delivery ends, a round of the sensor, the alerts
    assert all(len(messages) == 1 for messages in _alerts(box).values())
    assert Counter(recipient for recipient, _ in box.messages if recipient != _OWNER) == {
        _recipient(number): 1 for number in range(SCHEDULES) if number % 4 != 3
    }


@pytest.mark.timeout(2400)
def test_every_due_report_arrives_once_while_processes_are_killed(own_server: Server, box: Mailbox) -> None:
    """All due in one minute. In the end each has one report, and one mail, or a mail marked uncertain.

    A refused recipient has no mail, and the owner has one alert about the report.
    """
    box.on_recipient |= {_recipient(number): "550 5.1.1 no such user" for number in range(SCHEDULES) if number % 4 == 3}
    chance = random.Random(SEED)  # noqa: S311 - which process dies
    due = (datetime.now(UTC) + timedelta(minutes=3)).replace(second=0, microsecond=0)
    _drip(own_server)
    ids = [_schedule(own_server, number, due) for number in range(SCHEDULES)]
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    for _ in range(KILLS):
        time.sleep(chance.uniform(1, 6))
        _kill_one(own_server, chance)
    listed = wait_until(lambda: _ended(own_server), seconds=1800, what="all deliveries at their end")
    outcomes = Counter(row["status"] for row in listed["deliveries"])
    print(f"{SCHEDULES} schedules, {KILLS} kills: {dict(outcomes)}, {len(box.messages)} mails")
    refused = {row["report_id"] for row in listed["deliveries"] if row["target"].startswith("refused")}
    lost = [
        row["report_id"]
        for row in listed["deliveries"]
        if row["status"] not in {"sent", "uncertain"} and row["report_id"] not in refused
    ]
    reasons = [own_server.curl_json(f"{own_server.url}/v1/reports/{report_id}").get("failure") for report_id in lost]
    assert lost == [], reasons
    alerted = {row["report_id"] for row in listed["deliveries"] if row["status"] in {"failed", "uncertain"}}
    wait_until(lambda: _alerts(box).keys() >= alerted, seconds=600, what="all alerts")
    assert _alerts(box).keys() == alerted
    assert all(len(messages) == 1 for messages in _alerts(box).values())
    arrived = Counter(recipient for recipient, _ in box.messages)
    for row in listed["deliveries"]:
        may_be_missing = row["status"] == "uncertain" or row["report_id"] in refused
        assert arrived[row["target"]] == (row["status"] == "sent") or may_be_missing, row
        assert arrived[row["target"]] <= 1, row
    for schedule_id in ids:
        runs = own_server.curl_json(f"{own_server.url}/v1/reports/schedules/{schedule_id}/runs")["runs"]
        assert [run["status"] for run in runs] == ["completed"], runs
