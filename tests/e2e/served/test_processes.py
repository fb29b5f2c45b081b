"""What ``serve`` starts, keeps and leaves behind, with real processes that are really killed."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.support.installation import Server, free_port, run_program, start_server, stop_server, wait_until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, on an empty home; it is killed by the test."""
    server = start_server(tmp_path / "home")
    yield server
    if server.process.poll() is None:
        stop_server(server)
    if server.process.stdout is not None:
        server.process.stdout.close()


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def service(server: Server, words: str) -> psutil.Process | None:
    """The newest process of the server whose command line holds these words."""
    found = [p for p in server.family() if words in command_of(p)]
    return max(found, key=lambda p: p.create_time(), default=None)


def command_of(process: psutil.Process) -> str:
    """Its command line; "" for one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_for_another(server: Server, words: str, old: psutil.Process) -> None:
    """Until a new process took the place of the old one."""

    def came() -> bool:
        new = service(server, words)
        return new is not None and new.pid != old.pid

    wait_until(came, what=f"{words} runs again")


def test_a_server_restarts_what_crashed(server: Server) -> None:
    """The API and the run host are killed and come back."""
    for words in ("policycortex_cli.api_server", "pipelines.platform.run_host"):
        old = service(server, words)
        assert old is not None
        old.kill()
        wait_for_another(server, words, old)
    wait_until(lambda: server.http_code("healthz") == "200", what="the API answers again")


_TICKS: Final = """{ sensorsOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "policycortex"}) {
  ... on Sensors { results { sensorState { ticks(limit: 1) { id } } } } } }"""


def sensors_with_ticks(server: Server) -> int:
    """How many the page Automation shows an evaluation of."""
    sensors = server.query_dagster(_TICKS)["sensorsOrError"]["results"]
    return sum(bool(sensor["sensorState"]["ticks"]) for sensor in sensors)


def test_a_server_that_is_killed_leaves_nothing_and_can_be_started_again(own: Server) -> None:
    """After SIGKILL the watchdog ends the services; the next server runs, and SIGTERM ends all of it with code 0.

    The next server's code server has another port; the Dagster UI shows the evaluations of before all the same.
    """
    wait_until(lambda: sensors_with_ticks(own) > 0, what="a sensor was evaluated")
    own.ui.close()
    family = own.family()
    own.process.send_signal(signal.SIGKILL)
    own.process.wait()
    wait_until(lambda: gone(family), seconds=30, what="all services ended")
    again = start_server(own.home)
    assert sensors_with_ticks(again) > 0
    family = again.family()
    assert stop_server(again) == 0
    assert gone(family)
    assert again.output[-1] == "policycortex: stopped\n"


def test_other_users_can_read_no_file_of_a_served_home(server: Server) -> None:
    """Attack: another user of the machine reads databases, logs, reports, Parquet files or connects to a socket."""
    open_to_others = [
        f"{path.relative_to(server.home)} {path.lstat().st_mode:o}"
        for path in (server.home, *server.home.rglob("*"))
        if not path.is_symlink() and path.exists() and path.lstat().st_mode & 0o077
    ]
    assert not open_to_others


def test_a_home_that_is_served_cannot_be_served_twice(server: Server) -> None:
    """One line that names the holder, exit code 1."""
    ports = ("--port", str(free_port()), "--dagster-port", str(free_port()))
    second = run_program("serve", *ports, home=server.home)
    assert second.returncode == 1
    assert second.stderr == (
        f"policycortex: {server.home} is already being served by process {server.process.pid}; stop it first\n"
    )


def test_a_port_in_use_is_reported_before_anything_is_made(server: Server, tmp_path: Path) -> None:
    """One line that names the port, exit code 2, no home."""
    taken = run_program("serve", "--port", str(server.port), home=tmp_path / "new")
    assert taken.returncode == 2
    assert taken.stderr.count("\n") == 1
    assert f"127.0.0.1:{server.port}" in taken.stderr
    assert not (tmp_path / "new").exists()
