"""Real servers on loopback. A test starts the servers it needs on free ports; they are stopped after it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from policycortex.channels.model import DeliveredFile
from policycortex.names import ReportFormat
from tests.support.receivers import Mailbox, smtp_server
from tests.support.samples.delivery import sample_file

PROJECT = Path(__file__).parents[2]
Start = Callable[..., int]


def free_port() -> int:
    """A port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes] | None = None, *, seconds: float = 60.0) -> None:
    """Wait until a server listens; fails if the process ends or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process is None or process.poll() is None, f"the server ended with {process.returncode}"
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nothing listens on port {port} after {seconds:.0f} s")


def program(name: str, package: str) -> str:
    """Path of a program; fails with the command that installs it."""
    found = shutil.which(name, path=f"/usr/sbin:/usr/bin:/sbin:/bin:{PROJECT / '.venv/bin'}")
    assert found, f"{name} is missing; deploy/setup-tests.sh installs it (package {package})"
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program that listens on ``port``; it is stopped after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*command: str | Path, port: int, cwd: Path | None = None) -> int:
        with (tmp_path / f"server-{port}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=cwd or tmp_path
            )
        running.append(process)
        wait_for_port(port, process)
        return port

    yield run
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority for the tests."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of its certificate."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def pdf(tmp_path: Path) -> DeliveredFile:
    """One small file that holds every byte value."""
    return sample_file(tmp_path)


@pytest.fixture
def large(tmp_path: Path) -> DeliveredFile:
    """20 MB, so that several parts are sent; not a multiple of any part's size."""
    return sample_file(tmp_path, ReportFormat.CSV, data=b"0123456789abcde\n" * 1_250_001)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with smtp_server() as mailbox:
        yield mailbox
