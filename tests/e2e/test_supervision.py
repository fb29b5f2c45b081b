"""When the supervisor ends a service that lives but does not work; with real processes, and mostly time as a number."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from policycortex.errors import UnavailableError
from policycortex_cli.serve import _silence
from policycortex_cli.supervisor import Service, StopRequest, Supervisor, _Child
from tests.support.installation import free_port, wait_until

_SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
_SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(float(sys.argv[2]))
        self.send_response(503)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

_MODULE = """
import json, os, pathlib, sys, time
if __name__ == "__main__":
    files = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2
             and os.path.exists(f"/proc/self/fd/{name}")]
    seen = {"arguments": sys.argv[1:], "environment": {k: v for k, v in os.environ.items() if k != "LC_CTYPE"},
            "folder": os.getcwd(), "is_group": os.getpgid(0) == os.getpid(),
            "files": [f for f in files if not f.startswith("/proc")], "probed": getattr(sys, "probed", None)}
    part = pathlib.Path(f"seen-{os.getpid()}.part")
    part.write_text(json.dumps(seen))
    part.rename(f"seen-{os.getpid()}.json")
    time.sleep(600)
"""

_SUPERVISOR = """
import json, os, pathlib, signal, sys, time
from policycortex_cli.supervisor import Service, Supervisor
folder = pathlib.Path(sys.argv[1])
supervisor = Supervisor(folder=folder, logs=folder, environment={"PYTHONPATH": str(folder), "GIVEN": "yes"},
                        say=lambda text: None, is_stopping=lambda: False)
sys.probed = "imported before"

def seen(process):
    path = folder / f"seen-{process}.json"
    until = time.monotonic() + 120
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return json.loads(path.read_text())

try:
    command = (sys.executable, "-W", "ignore", "-m", "seen_service", "one", "two")
    held = (folder / "held").open("w")
    supervisor.launch(Service(name="seen", command=command, module="seen_service", is_ready=lambda: True))
    supervisor.await_ready()
    child = supervisor._children["seen"]
    forked = child.process.pid
    found = [seen(forked)]
    os.kill(forked, signal.SIGTERM)
    while child.process.pid == forked:
        supervisor._supervise(child)
        time.sleep(0.02)
    print(json.dumps([*found, seen(child.process.pid)]))
finally:
    supervisor.stop()
"""


@pytest.fixture
def messages() -> list[str]:
    """What the supervisor says."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, messages: list[str]) -> Iterator[Supervisor]:
    """A supervisor whose children end with the test."""
    made = Supervisor(
        folder=tmp_path,
        logs=tmp_path,
        environment=os.environ,
        say=messages.append,
        is_stopping=lambda: False,
        check_seconds=0.05,
        settling_seconds=0.0,
    )
    yield made
    made.stop()


def test_who_needs_one_service_waits_for_that_one(supervisor: Supervisor) -> None:
    """By its name; without a name for all, so that one that ends is named."""
    sleep, end = ("sleep", "60"), ("false",)
    supervisor.launch(Service(name="code server", command=sleep, is_ready=lambda: True))
    supervisor.launch(Service(name="api", command=end, is_ready=lambda: False))
    supervisor.await_ready("code server")
    with pytest.raises(UnavailableError, match="the api ended while it started"):
        supervisor.await_ready()


def test_a_service_that_still_loads_is_not_ended_for_not_working(supervisor: Supervisor) -> None:
    """A busy machine takes a minute to load it: only when it is ready, and others had time to see so, it is judged."""
    is_ready = False
    sleeper = Service(name="sleeper", command=_SLEEPER, is_ready=lambda: is_ready, find_fault=lambda: "it never works")
    supervisor.check_seconds, supervisor.settling_seconds = 5.0, 30.0
    child = _spawned(supervisor, sleeper)
    begun = time.monotonic()
    for seconds in range(5, 115, 5):
        _check_once(supervisor, child, begun + seconds)
    assert child.process.poll() is None
    is_ready = True
    for seconds in range(115, 175, 5):
        _check_once(supervisor, child, begun + seconds)
    assert child.process.wait(60) != 0


def test_a_server_that_hangs_is_restarted_and_the_reason_is_logged(
    supervisor: Supervisor, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: the process lives and its port is open, but nothing answers. Another process answers a little later."""
    monkeypatch.setattr("policycortex_cli.serve._ANSWER_SECONDS", 0.5)
    child, url = _served(supervisor, busy_seconds=0.0)
    hung = child.process.pid
    _supervise_until(supervisor, lambda: child.ready_at is not None)
    os.kill(hung, signal.SIGSTOP)
    _supervise_until(supervisor, lambda: child.process.pid != hung and _silence(url) is None)
    assert "no answer from" in messages[0]
    assert "4 checks in a row" in messages[0]
    assert "restarting it in 1 s" in messages[1]


def test_a_server_that_is_busy_but_answers_is_kept(
    supervisor: Supervisor, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer takes most of the deadline and is an error: it is an answer. Several checks later it still runs."""
    monkeypatch.setattr("policycortex_cli.serve._ANSWER_SECONDS", 5.0)
    child, _ = _served(supervisor, busy_seconds=0.3)
    pid = child.process.pid
    checks: set[float] = set()

    def checked_six_times() -> bool:
        checks.add(child.checked_at)  # the time of the newest check that ended
        return len(checks) > 6

    _supervise_until(supervisor, checked_six_times)
    assert (child.process.pid, child.process.poll(), messages) == (pid, None, [])


def test_a_service_that_takes_too_much_memory_is_restarted(supervisor: Supervisor, messages: list[str]) -> None:
    """The reason is shown; one below the limit stays."""
    large = Service(name="large", command=_SLEEPER, is_ready=lambda: True, most_bytes=1_000_000)
    small = Service(name="small", command=_SLEEPER, is_ready=lambda: True, most_bytes=10_000_000_000)
    children = [_spawned(supervisor, service) for service in (large, small)]
    first = [child.process.pid for child in children]
    _supervise_until(supervisor, lambda: children[0].process.pid != first[0])
    assert any(message.startswith("the large does not work (it uses ") for message in messages)
    assert children[1].process.pid == first[1]


def test_a_check_that_waits_delays_no_other_service_and_no_stop(supervisor: Supervisor) -> None:
    """The check of one service never ends; another that ended is restarted, and a signal still ends ``watch``."""
    stuck = Service(name="stuck", command=_SLEEPER, is_ready=lambda: True, find_fault=lambda: time.sleep(600))
    brief = Service(name="brief", command=(sys.executable, "-c", ""), is_ready=lambda: True)
    _spawned(supervisor, stuck)
    child = _spawned(supervisor, brief)
    first = child.process.pid
    _supervise_until(supervisor, lambda: child.process.pid != first)
    supervisor.is_stopping = lambda: True
    with pytest.raises(StopRequest):
        supervisor.watch()


def test_a_clock_that_is_set_back_restarts_what_needs_it(supervisor: Supervisor, messages: list[str]) -> None:
    """Ten minutes back: the daemon is ended before the repair and started after it; others run on. Forward: nothing."""
    steady = Service(name="daemon", command=_SLEEPER, is_ready=lambda: True, grace_seconds=0.2, needs_steady_clock=True)
    other = Service(name="other", command=_SLEEPER, is_ready=lambda: True)
    daemon, kept = _spawned(supervisor, steady), _spawned(supervisor, other)
    first, repaired = daemon.process.pid, []
    supervisor.repair_times = lambda: repaired.append(daemon.process.wait(10))
    for offset in (0.0, 600.0, 600.0, 0.0, 0.0):
        supervisor.clock = partial(_shifted_clock, offset)
        supervisor._watch_clock()
    assert repaired == [-signal.SIGTERM]
    assert "the clock was set back by 600 s" in messages[0]
    _supervise_until(supervisor, lambda: daemon.process.pid != first)
    assert kept.process.poll() is None


def test_a_first_start_is_a_fork_and_a_restart_the_command(tmp_path: Path) -> None:
    """Both run the module with the same arguments, environment and folder, in a group of their own, with no file of
    the supervisor's open; only the fork finds what the supervisor had imported."""
    (tmp_path / "seen_service.py").write_text(_MODULE)
    paths = os.pathsep.join((str(tmp_path), *sys.path))
    program = [sys.executable, "-c", _SUPERVISOR, str(tmp_path)]
    done = subprocess.run(
        program, check=False, env={"PATH": os.environ["PATH"], "PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert first.pop("probed") == "imported before"
    assert second.pop("probed") is None
    assert first == second
    assert first == {
        "arguments": ["one", "two"],
        "environment": {"PYTHONPATH": str(tmp_path), "GIVEN": "yes"},
        "folder": str(tmp_path),
        "is_group": True,
        "files": [],
    }


def test_a_process_with_a_pool_or_a_thread_is_not_forked() -> None:
    """In a process of its own: imports alone allow a fork; a query of Polars, or a thread, does not."""
    program = """
import threading
from policycortex_cli.forked_service import may_fork
import duckdb, polars, pyarrow.dataset
seen = [may_fork()]
waiting = threading.Event()
thread = threading.Thread(target=waiting.wait)
thread.start()
seen.append(may_fork())
waiting.set()
thread.join()
connection = duckdb.connect()
connection.execute("SELECT sum(range) FROM range(1000000)").fetchall()
connection.close()
seen.append(may_fork())
polars.DataFrame({"a": [1, 2]}).lazy().group_by("a").len().collect()
seen.append(may_fork())
print(seen)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, False, True, False]"


def _shifted_clock(offset: float) -> float:
    return time.time() + offset


def _served(supervisor: Supervisor, *, busy_seconds: float) -> tuple[_Child, str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = (sys.executable, "-c", _SERVER, str(port), str(busy_seconds))
    service = Service(
        name="server", command=command, is_ready=lambda: _silence(url) is None, find_fault=lambda: _silence(url)
    )
    child = _spawned(supervisor, service)
    wait_until(lambda: _silence(url) is None, seconds=60, what="the server answers")
    return child, url


def _spawned(supervisor: Supervisor, service: Service) -> _Child:
    child = supervisor._children[service.name] = supervisor._spawn(service)
    return child


def _check_once(supervisor: Supervisor, child: _Child, now: float) -> None:
    """Start a check at ``now`` and judge it at the same time."""
    supervisor._check(child, now)
    check = child.check
    if check is not None:
        wait_until(lambda: check.is_done, seconds=60, what="the check ends")
        supervisor._check(child, now)


def _supervise_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    def supervised() -> bool:
        for child in supervisor._children.values():
            supervisor._supervise(child)
        return condition()

    wait_until(supervised, seconds=60, what="the supervisor acts")
