"""``policycortex serve``: the services of an installation, their order, and how each is known to be ready."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import httpx
import yaml

from pipelines.platform.instance_plugins import DAEMON_MODULE, DEFINITIONS_MODULE, RUN_HOST_MODULE
from pipelines.platform.run_host_socket import send_request
from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex_cli.home import dagster_environment, exclusive_home, make_folder, open_instance, write_atomically
from policycortex_cli.supervisor import Service, StopRequest, Supervisor

LOCATION = "policycortex"
_ANSWER_SECONDS: Final = 10.0
"""Deadline of a check whether a server answers. With four checks in a row, a server may be silent for 40 s."""
_LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } } }"


def serve_until_stopped(settings: Settings, *, host: str, port: int, dagster_port: int) -> NoReturn:
    """Run the API and Dagster until a signal, then exit 0. Nothing is written before the ports are known to be free."""
    _require_free_port(host, port, option="--port")
    _require_free_port("127.0.0.1", dagster_port, option="--dagster-port")
    if port == dagster_port:
        raise ConfigurationError(f"--port and --dagster-port are both {port}; give each its own")
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        with exclusive_home(settings):
            _serve(settings, host=host, port=port, dagster_port=dagster_port, is_stopping=lambda: bool(signals))
    except StopRequest:
        _say("stopped")
    sys.exit(0)


def _serve(settings: Settings, *, host: str, port: int, dagster_port: int, is_stopping: Callable[[], bool]) -> None:
    _say(f"preparing {settings.home}")
    prepare_home(settings)
    code_port = _free_port()
    supervisor = Supervisor(
        folder=settings.home,
        logs=settings.home / "logs",
        environment=_environment(settings, dagster_port),
        say=_say,
        is_stopping=is_stopping,
    )
    workspace = _write_workspace(settings, code_port)
    try:
        _say("starting Dagster")
        runs = () if settings.broker_url else (_run_host(settings),)
        supervisor.start(_code_server(code_port, dagster_port), *runs)
        supervisor.start(
            _daemon(workspace), _webserver(workspace, dagster_port), _api(host, port, settings.api_processes)
        )
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
        print(f"API         http://{shown}:{port}  (documentation at /docs)", flush=True)
        print(f"Dagster UI  http://127.0.0.1:{dagster_port}", flush=True)
        supervisor.watch()
    finally:
        supervisor.stop()


def prepare_home(settings: Settings) -> None:
    """Create folders, Dagster's instance and the registry before any service starts."""
    from pipelines.partitions import add_frameworks
    from policycortex.frameworks.builtin import BUILTIN_IDS
    from policycortex.storage.registry import open_registry

    for folder in (settings.home / "logs", settings.home / "landing"):
        make_folder(folder)
    with open_instance(settings) as instance:
        add_frameworks(instance, BUILTIN_IDS)  # the UI has their partitions at once; a sensor adds the others
    open_registry(settings)


def _code_server(port: int, dagster_port: int) -> Service:
    """Dagster's code server: a proxy with the server as its child. The proxy does not restart a child that ended."""
    command = (*_python("-m", "dagster", "code-server", "start"), "-m", DEFINITIONS_MODULE)
    address = ("--host", "127.0.0.1", "--port", str(port), "--location-name", LOCATION)
    return Service(
        name="code server",
        command=command + address,
        is_ready=lambda: _answers(port),
        find_fault=lambda: _code_fault(dagster_port),
    )


def _run_host(settings: Settings) -> Service:
    path = settings.dagster_home / "runs.sock"
    command = _python("-m", RUN_HOST_MODULE, str(path), DEFINITIONS_MODULE)
    return Service(name="run host", command=command, is_ready=lambda: _listens(path), grace_seconds=8)


def _daemon(workspace: Path) -> Service:
    return Service(
        name="daemon", command=_python("-m", DAEMON_MODULE, "run", "-w", str(workspace)), is_ready=lambda: True
    )


def _webserver(workspace: Path, port: int) -> Service:
    command = _python("-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace))
    url = f"http://127.0.0.1:{port}/server_info"
    return Service(
        name="webserver", command=command, is_ready=lambda: _is_code_loaded(port), find_fault=lambda: _silence(url)
    )


def _api(host: str, port: int, processes: int) -> Service:
    command = _python("-m", "policycortex_cli.api_server", host, str(port), str(processes))
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    url = f"http://{shown}:{port}/healthz"
    return Service(
        name="api",
        command=command,
        is_ready=lambda: _get(url) is not None,
        grace_seconds=8,
        find_fault=lambda: _silence(url),
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-W", "ignore", *arguments)


def _environment(settings: Settings, dagster_port: int) -> dict[str, str]:
    own = {
        "POLICYCORTEX_HOME": str(settings.home),
        "POLICYCORTEX_DAGSTER_URL": f"http://127.0.0.1:{dagster_port}",
        "PYTHONUNBUFFERED": "1",
    }
    return os.environ | own | dagster_environment(settings)


def _write_workspace(settings: Settings, code_port: int) -> Path:
    server = {"host": "127.0.0.1", "port": code_port, "location_name": LOCATION}
    path = settings.dagster_home / "workspace.yaml"
    write_atomically(path, yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    return path


def _require_free_port(host: str, port: int, *, option: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another {option}"
            ) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _listens(path: Path) -> bool:
    try:
        send_request(path, {}, timeout_seconds=2)
    except OSError:
        return False
    return True


def _is_code_loaded(port: int) -> bool:
    body = _get(f"http://127.0.0.1:{port}/graphql", json.dumps({"query": _LOADED}).encode())
    return body is not None and b'"RepositoryLocation"' in body


def _code_fault(port: int) -> str | None:
    """What the webserver reports when it cannot load the code. None while the webserver itself does not answer."""
    body = _get(f"http://127.0.0.1:{port}/graphql", json.dumps({"query": _LOADED}).encode())
    return "the webserver cannot load its code" if body is not None and b'"PythonError"' in body else None


def _silence(url: str) -> str | None:
    """The fault of a server that gives no answer in time. Any answer counts: a busy server is slow, not broken."""
    try:
        with httpx.stream("GET", url, timeout=_ANSWER_SECONDS, trust_env=False):
            return None
    except httpx.HTTPError as error:
        return f"no answer from {url} within {_ANSWER_SECONDS:.0f} s: {type(error).__name__}"


def _get(url: str, body: bytes | None = None) -> bytes | None:
    method = "GET" if body is None else "POST"
    try:
        response = httpx.request(method, url, content=body, headers={"Content-Type": "application/json"}, timeout=5)
    except httpx.HTTPError:
        return None
    return response.content if response.is_success else None


def _say(message: str) -> None:
    print(f"policycortex: {message}", file=sys.stderr, flush=True)
