"""Runs on several machines: two workers that share with ``serve`` nothing but Postgres, a bucket and the broker."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.test_killed_workers import order, runs_by_report
from tests.support.backends import FleetBackend, damage_lake_files, lake_files, read_lake_files, write_lake_files
from tests.support.installation import PROGRAM, Server, free_port, run_program, start_server, stop_server, wait_until

pytestmark = [pytest.mark.storm, pytest.mark.timeout(1800)]

_DONE = re.compile(r"Task policycortex\.execute_run\[[^]]*\] succeeded")


@dataclass(frozen=True, kw_only=True)
class FleetWorker:
    """One ``policycortex worker``, as if on a machine of its own: a home that nobody else uses."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def runs_done(self) -> int:
        """How many it executed to their end."""
        return len(_DONE.findall(self.log.read_text()))

    def is_ready(self) -> bool:
        """Whether it takes runs."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return " ready." in self.log.read_text()

    def kill(self) -> None:
        """The machine is lost: the worker and the run in its hands end at once."""
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for member in family:
            member.kill()
        self.process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


@pytest.fixture
def variables(fleet: FleetBackend, broker: str, tmp_path: Path) -> dict[str, str]:
    """Environment variables of all machines."""
    settings = fleet.bare_settings(tmp_path / "unused")
    shared = fleet.environment(settings) | {
        "POLICYCORTEX_BROKER_URL": broker,
        "POLICYCORTEX_API_PROCESSES": "2",
        "POLICYCORTEX_INSTALLATION_KEY": "env:FLEET_KEY",
        "FLEET_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    del shared["POLICYCORTEX_HOME"]
    return shared


@contextmanager
def working(name: str, folder: Path, variables: dict[str, str]) -> Iterator[FleetWorker]:
    """A worker that takes one run at a time."""
    home, log = folder / name, folder / f"{name}.log"
    command = [str(PROGRAM), "worker", "--home", str(home), "--slots", "1", "--name", name]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | variables)
    worker = FleetWorker(process=process, log=log)
    try:
        yield worker
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(120)


@pytest.fixture
def server(variables: dict[str, str], findings: Path, tmp_path: Path) -> Iterator[Server]:
    """``serve`` with findings in it; it executes no run itself."""
    home = tmp_path / "serving"
    done = run_program("ingest", findings, home=home, **variables)
    assert done.returncode == 0, done.stderr
    key = run_program("keys", "create", "--name", "tests", home=home, **variables)
    assert key.returncode == 0, key.stderr
    server = start_server(home, **variables)
    server.key = key.stdout.strip()
    yield server
    stop_server(server)


def status_of(server: Server, report_id: str) -> str:
    """A report's state."""
    return str(server.curl_json(f"{server.url}/v1/reports/{report_id}")["status"])


def all_completed(server: Server, ids: list[str]) -> bool:
    """Whether all are; a failed one ends the test."""
    found = [server.curl_json(f"{server.url}/v1/reports/{report_id}") for report_id in ids]
    for report in found:
        assert report["status"] != "failed", report
    return all(report["status"] == "completed" for report in found)


def answering(server: Server) -> set[int]:
    """The API's processes: children of the one that ``serve`` started."""
    parents = [p for p in server.family() if "policycortex_cli.api_server" in " ".join(p.cmdline())]
    return {child.pid for parent in parents for child in parent.children() if "spawn_main" in " ".join(child.cmdline())}


def test_two_workers_share_the_work_and_one_is_lost(server: Server, variables: dict[str, str], tmp_path: Path) -> None:
    """Both work; then one machine is lost with a run in its hands, and the other still makes every report."""
    with working("first", tmp_path, variables) as first, working("second", tmp_path, variables) as second:
        for worker in (first, second):
            wait_until(worker.is_ready, seconds=240, what="a worker takes runs")
        ids = [order(server, number) for number in range(8)]
        wait_until(lambda: all_completed(server, ids), seconds=400, what="eight reports by two workers")
        shares = (first.runs_done(), second.runs_done())
        print(f"runs by worker: {shares}")
        assert min(shares) >= 1

        more = [order(server, number) for number in range(8, 14)]
        wait_until(lambda: psutil.Process(first.process.pid).children() and busy(first), seconds=240, what="it works")
        first.kill()
        lost_at = time.monotonic()
        wait_until(lambda: all_completed(server, more), seconds=600, what="six reports by the worker that is left")
        print(f"after a lost machine, all came within {time.monotonic() - lost_at:.0f} s")
        check_same_everywhere(server, ids + more)


def test_reports_are_cancelled_in_the_broker_and_at_work(
    server: Server, variables: dict[str, str], tmp_path: Path
) -> None:
    """Before any worker is there, and in a worker's hands: no run counts as failed, and the worker takes the next."""
    waiting = order(server, 100)
    wait_until(lambda: states_of(server, waiting) == ["STARTING"], seconds=120, what="its run waits in the broker")
    cancel(server, waiting)
    with working("only", tmp_path, variables) as only:
        wait_until(only.is_ready, seconds=240, what="a worker takes runs")
        wait_until(lambda: states_of(server, waiting) == ["CANCELED"], seconds=240, what="canceled when it was taken")
        taken = order(server, 101)
        wait_until(lambda: busy(only), seconds=120, what="it works")
        cancel(server, taken)
        ended = {"CANCELED", "SUCCESS"}
        wait_until(lambda: states_of(server, taken)[0] in ended, seconds=120, what="its run ended")
        last = order(server, 102)
        wait_until(lambda: all_completed(server, [last]), seconds=240, what="the next report")


def cancel(server: Server, report_id: str) -> None:
    """By the API; a report that was quicker stays completed."""
    server.curl("-X", "POST", f"{server.url}/v1/reports/{report_id}/cancel")


def states_of(server: Server, report_id: str) -> list[str]:
    """What Dagster says of the report's runs, newest first."""
    return runs_by_report(server).get(report_id, [])


def busy(worker: FleetWorker) -> bool:
    """Whether it has taken a run that it has not ended."""
    text = worker.log.read_text()
    return text.count("] received") > len(re.findall(r"\] (?:succeeded|raised)", text))


def check_same_everywhere(server: Server, ids: list[str]) -> None:
    """Every report can be had whole from the API, whichever machine made it; nothing lies in the server's home."""
    for report_id in ids:
        made = json.loads(server.curl(f"{server.url}/v1/reports/{report_id}/download/json"))
        assert made["requirements"]
    assert not (server.home / "artifacts").exists()
    assert not (server.home / "registry.sqlite").exists()


def test_two_processes_answer_at_one_address_and_one_may_die(server: Server) -> None:
    """Both are there; one is killed, the address goes on answering, and a new one takes its place."""
    before = wait_until(lambda: pids if len(pids := answering(server)) == 2 else None, what="two processes")
    os.kill(min(before), signal.SIGKILL)
    codes = set()
    for _ in range(20):
        with httpx.Client(trust_env=False, timeout=60) as fresh:
            codes.add(fresh.get(f"{server.url}/healthz").status_code)
    assert codes == {200}
    wait_until(lambda: len(answering(server) - {min(before)}) == 2, what="two processes again")


def test_a_killed_import_and_a_damaged_lake_file(
    server: Server, fleet: FleetBackend, variables: dict[str, str], findings: Path, tmp_path: Path
) -> None:
    """Attack: ``kill -9`` during an import, and bytes of the bucket's lake files changed under the running server.

    The killed import leaves nothing and the next one works. A report on the damaged file fails with its name, the
    server goes on, and with the file restored the next report is made.
    """
    settings = fleet.settings_on(variables["POLICYCORTEX_DATABASE_URL"].rpartition("/")[2], tmp_path / "none")
    more = tmp_path / "more.ocsf.json"
    more.write_bytes(next(findings.rglob("*.ocsf.json")).read_bytes() + b"\n")
    killed = subprocess.Popen(
        [str(PROGRAM), "ingest", str(more), "--home", str(tmp_path / "importer")],
        env=os.environ | variables,
        stderr=subprocess.DEVNULL,
    )
    wait_until((tmp_path / "importer" / "lake").exists, seconds=120, what="the import has begun")
    killed.kill()
    killed.wait()
    before = lake_files(settings)
    done = run_program("ingest", more, home=tmp_path / "importer", **variables)
    assert done.returncode == 0, done.stderr
    assert "kept " in done.stdout
    assert set(before) <= set(lake_files(settings))
    with working("only", tmp_path, variables) as worker:
        wait_until(worker.is_ready, seconds=240, what="the worker takes runs")
        first = order(server, 0)
        wait_until(lambda: all_completed(server, [first]), seconds=400, what="a report before the damage")
        kept = read_lake_files(settings, "finding_state/")
        assert damage_lake_files(settings, "finding_state/") == len(kept) > 0
        second = order(server, 1)
        wait_until(lambda: status_of(server, second) == "failed", seconds=400, what="a report on damaged files fails")
        failure = server.curl_json(f"{server.url}/v1/reports/{second}")["failure"]
        assert ".parquet is damaged" in failure["message"], failure
        assert status_of(server, first) == "completed"
        write_lake_files(settings, kept)
        third = order(server, 2)
        wait_until(lambda: all_completed(server, [third]), seconds=400, what="a report after the restoration")
