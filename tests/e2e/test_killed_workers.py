"""A queue full of reports through the served product, while the processes that make them are killed at random."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.installation import Server, run_program, start_server, stop_server, wait_until

REPORTS = int(os.environ.get("POLICYCORTEX_TEST_STORM_REPORTS", "200"))
MOST_KILLS = REPORTS // 4
SEED = int(os.environ.get("POLICYCORTEX_TEST_STORM_SEED", "7"))

pytestmark = [pytest.mark.storm, pytest.mark.timeout(3000)]

_OPEN = {"pending", "running"}


@pytest.fixture
def own_server(tmp_path: Path, findings: Path) -> Iterator[Server]:
    """An installation of the test's own."""
    home = tmp_path / "home"
    assert run_program("ingest", findings, home=home).returncode == 0
    key = run_program("keys", "create", "--name", "tests", home=home)
    server = start_server(home)
    server.key = key.stdout.strip()
    yield server
    stop_server(server)


def order(server: Server, number: int) -> str:
    """A report with one small file; its id."""
    body = {
        "name": f"Report {number}",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"}},
        "format_options": {"formats": ["json"]},
    }
    headers = ("-H", "Content-Type: application/json", "-H", f"Idempotency-Key: storm-{number}")
    return str(server.curl_json("-X", "POST", f"{server.url}/v1/reports", *headers, "-d", json.dumps(body))["id"])


def workers(server: Server) -> list[psutil.Process]:
    """Children of the run host: each executes a run."""
    hosts = [process for process in server.family() if "pipelines.platform.run_host" in command_of(process)]
    own = {process.pid for process in hosts}
    return [process for process in hosts if process.ppid() in own]


def command_of(process: psutil.Process) -> str:
    """Its command line; "" for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def killing(server: Server) -> Iterator[list[int]]:
    """Every half to three seconds a worker dies, at times all of them, at times their host; not for ever, because on a
    busy machine no report lives as long as that."""
    chance = random.Random(SEED)  # noqa: S311 - which process dies
    killed: list[int] = []
    over = threading.Event()

    def kill_one() -> None:
        while len(killed) < MOST_KILLS and not over.wait(chance.uniform(0.5, 3)):
            try:
                victims = workers(server)
                if not victims:
                    continue
                draw = chance.random()
                if draw < 0.05:
                    victims = [psutil.Process(victims[0].ppid())]
                elif draw > 0.1:
                    victims = [chance.choice(victims)]
                for victim in victims:
                    victim.send_signal(signal.SIGKILL)
                    killed.append(victim.pid)
            except psutil.NoSuchProcess:
                continue

    thread = threading.Thread(target=kill_one)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def listed(server: Server) -> list[dict[str, Any]]:
    """All reports of the installation."""
    found: list[dict[str, Any]] = []
    for offset in range(0, REPORTS + 100, 100):
        found += server.curl_json(f"{server.url}/v1/reports?limit=100&offset={offset}")["reports"]
    return found


def open_reports(server: Server) -> int | None:
    """How many are not at their end; None while the API does not answer."""
    try:
        return sum(report["status"] in _OPEN for report in listed(server))
    except (ValueError, KeyError, subprocess.CalledProcessError):
        return None


def runs_by_report(server: Server) -> dict[str, list[str]]:
    """Outcomes of Dagster's runs, by the report they were for."""
    query = '{ runsOrError(filter: {pipelineName: "make_report"}, limit: 5000) '
    query += "{ ... on Runs { results { status tags { key value } } } } }"
    answer = server.query_dagster(query)
    found: dict[str, list[str]] = {}
    for run in answer["runsOrError"]["results"]:
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        found.setdefault(tags["policycortex/report_id"], []).append(run["status"])
    return found


def test_every_queued_report_ends_once_while_workers_are_killed(own_server: Server, tmp_path: Path) -> None:
    """All ordered at once. The killing ends after a bounded number, and at the latest when a quarter is left."""
    started = time.monotonic()
    with killing(own_server) as killed:
        ids = [order(own_server, number) for number in range(REPORTS)]

        def nearly_done() -> bool:
            left = open_reports(own_server)
            return left is not None and left <= REPORTS // 4

        wait_until(nearly_done, seconds=1400, what="three quarters of the reports at their end")
    wait_until(lambda: open_reports(own_server) == 0, seconds=1200, what="all reports at their end")
    reports = listed(own_server)
    outcomes = Counter(report["status"] for report in reports)
    took = time.monotonic() - started
    print(f"{REPORTS} reports, {len(killed)} kills, {took:.0f} s: {dict(outcomes)}")
    assert len(killed) >= REPORTS // 20
    assert sorted(report["id"] for report in reports) == sorted(ids)
    check_truth(own_server, reports, tmp_path)
    check_runs(own_server, reports)


def check_truth(server: Server, reports: list[dict[str, Any]], folder: Path) -> None:
    """What is completed can be downloaded whole, all alike; what is failed says why; nothing lies about beside them."""
    sizes = set()
    for report in reports:
        details = server.curl_json(f"{server.url}/v1/reports/{report['id']}")
        if details["status"] == "failed":
            assert details["failure"]["message"], details
            continue
        assert details["status"] == "completed", details
        target = folder / report["id"]
        server.curl(f"{server.url}/v1/reports/{report['id']}/download/json", "-o", str(target))
        sizes.add(len(json.loads(target.read_bytes())["requirements"]))
    assert len(sizes) <= 1
    completed = {report["id"] for report in reports if report["status"] == "completed"}
    kept = {path.parent.name for path in (server.home / "artifacts").rglob("*.json")}
    assert completed <= kept


def check_runs(server: Server, reports: list[dict[str, Any]]) -> None:
    """Every run ends in a true state; a completed report has one run that says so, others none."""

    def ended() -> dict[str, list[str]] | None:
        found = runs_by_report(server)
        is_over = all(status in {"SUCCESS", "FAILURE", "CANCELED"} for runs in found.values() for status in runs)
        return found if is_over else None

    found = wait_until(ended, seconds=180, what="all runs at their end")
    print(f"runs per report: {dict(Counter(len(runs) for runs in found.values()))}")
    for report in reports:
        assert found[report["id"]].count("SUCCESS") <= 1, (report["id"], found[report["id"]])
        if report["status"] == "failed":
            assert "SUCCESS" not in found[report["id"]], report["id"]
