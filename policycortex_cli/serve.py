"""``policycortex serve``: the services of an installation, their order, and how each is known to be ready."""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import httpx
import yaml
from setproctitle import getproctitle

from pipelines.platform.instance_plugins import (
    CODE_SERVER_MODULE,
    CODE_SOCKET,
    DAEMON_MODULE,
    DEFINITIONS_MODULE,
    RUN_HOST_MODULE,
    UI_MODULE,
)
from pipelines.platform.run_host_socket import send_request
from pipelines.platform.service_logs import CODE_FORMAT_VARIABLE, JSON
from policycortex.errors import ConfigurationError
from policycortex.security.service_token import service_token
from policycortex.settings import Settings
from policycortex_cli.home import dagster_environment, exclusive_home, make_folder, open_instance, write_atomically
from policycortex_cli.process_memory import release_library_pages
from policycortex_cli.supervisor import Service, StopRequest, Supervisor
from policycortex_cli.ui import make_link

LOCATION = "policycortex"
_API_MODULE: Final = "policycortex_cli.api_server"
_START: Final = "serve"
"""Name of the sign-in link that is printed at the start."""
_ANY_HOST: Final = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
_ANSWER_SECONDS: Final = 10.0
"""Deadline of a check whether a server answers. With four checks in a row, a server may be silent for 40 s."""
_DAGSTER_LOGS: Final = ("--log-format", JSON, "--log-level", "warning")
"""At level info the daemon writes a line for each evaluation of a sensor: 4.7 GB a year."""
_LOCAL: Final = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
"""For checks of services. A client of each check would read the certificates of the machine each time, half of the
CPU time of an idle ``serve``."""
_LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class UiAddress:
    """Where the Dagster UI listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address for the other services on this machine."""
        return f"http://{_shown(self.host)}:{self.port}"


def serve_until_stopped(settings: Settings, *, host: str, port: int, dagster_host: str, dagster_port: int) -> NoReturn:
    """Run the API and Dagster until a signal, then exit 0. Nothing is written before the ports are known to be free."""
    _require_free_port(host, port, option="--port")
    _require_ui_name(settings, dagster_host)
    _require_free_port(dagster_host, dagster_port, option="--dagster-port")
    if port == dagster_port:
        raise ConfigurationError(f"--port and --dagster-port are both {port}; give each its own")
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        with exclusive_home(settings):
            ui = UiAddress(host=dagster_host, port=dagster_port)
            _serve(settings, host=host, port=port, ui=ui, is_stopping=lambda: bool(signals))
    except StopRequest:
        _say("stopped")
    sys.exit(0)


def _serve(settings: Settings, *, host: str, port: int, ui: UiAddress, is_stopping: Callable[[], bool]) -> None:
    gc.disable()  # until the services are forked: what is imported stays, and looking through it is a sixth of the time
    _say(f"preparing {settings.home}")
    prepare_home(settings)
    code_port = _free_port()
    api_url = settings.public_url or f"http://{_shown(host)}:{port}"
    supervisor = Supervisor(
        folder=settings.home,
        logs=settings.home / "logs",
        environment=_environment(settings, ui, api_url),
        say=_say,
        is_stopping=is_stopping,
        repair_times=lambda: repair_times(settings),
    )
    workspace = _write_workspace(settings, code_port)
    try:
        _say("starting Dagster")
        headers = {"Authorization": f"Bearer {service_token(settings)}"}
        limited = partial(replace, most_bytes=settings.service_memory_bytes)
        code_server = limited(_code_server(settings, code_port, ui, headers))
        beside = [limited(_api(host, port, settings.api_processes))]
        if settings.broker_url is None:
            beside.append(_run_host(settings))
        code_clients = [limited(_webserver(workspace, ui, headers)), limited(_daemon(workspace))]
        _import_modules([code_server, *code_clients, *beside], supervisor.environment)
        supervisor.launch(code_server, *beside)
        # A client whose first request finds no code server repeats it only after up to ten seconds.
        supervisor.await_ready(code_server.name)
        supervisor.launch(*code_clients)
        gc.enable()
        supervisor.await_ready()
        release_library_pages()
        console, dagster = _sign_in_links(settings, api_url, settings.ui_url or ui.url)
        print(f"Console     {console}", flush=True)
        print(f"API         http://{_shown(host)}:{port}  (documentation at /docs)", flush=True)
        print(f"Dagster UI  {dagster}", flush=True)
        supervisor.watch()
    finally:
        supervisor.stop()


def _import_modules(services: Sequence[Service], environment: Mapping[str, str]) -> None:
    """Import what the services run, once for all of them; ``launch`` forks them from this process.

    Also what only one of them uses: it would import it at the same time as others, but a fork that imports copies
    pages of what it shares, 40 MB in all, and its garbage collector runs again.
    """
    from pipelines.platform.code_server import preload_server
    from pipelines.platform.run_host import preload

    getproctitle()  # the library finds the title's memory only while the environment is as the process began
    os.environ.update(environment)  # definitions read it when they are imported
    for service in services:
        if service.module is not None:
            import_module(service.module)
        if service.module == RUN_HOST_MODULE:
            preload(DEFINITIONS_MODULE)
    preload_server(DEFINITIONS_MODULE)
    gc.freeze()  # keeps the memory pages of what was imported shared by all services


def prepare_home(settings: Settings) -> None:
    """Create folders, Dagster's instance and the registry before any service starts."""
    from pipelines.partitions import sort_days_and_months, today
    from pipelines.report_keys import offer_closed_periods, offer_frameworks
    from pipelines.stored_days import adopt_earlier_version
    from policycortex.frameworks.builtin import BUILTIN_IDS
    from policycortex.storage.registry import open_registry

    for folder in (settings.home / "logs", settings.home / "landing"):
        make_folder(folder)
    with open_instance(settings) as instance:
        adopt_earlier_version(instance, settings)
        # The UI has their partitions at once; a sensor adds uploaded ones.
        offer_frameworks(instance, [id_ for id_ in settings.standing_frameworks if id_ in BUILTIN_IDS])
        offer_closed_periods(instance, today=today())
        if settings.database_url is None:  # runs of other machines may be going on
            sort_days_and_months(instance)
    open_registry(settings).close()
    repair_times(settings)


def repair_times(settings: Settings) -> None:
    """Correct what was written while the clock of the machine was ahead. No daemon may be running."""
    from pipelines.platform.future_ticks import repair_future_ticks
    from policycortex.workflow.clock_repair import bring_forward

    now = datetime.now(UTC)
    with open_instance(settings) as instance:
        dagster = repair_future_ticks(instance, now=now)
    own = bring_forward(settings, now=now)
    if dagster.instigators or dagster.ticks or own.schedules or own.skipped_ticks or own.attempts:
        _say(
            f"times ahead of the clock were corrected: {dagster.instigators} sensors and schedules of Dagster, "
            f"{own.schedules} schedules, {own.attempts} attempts; {dagster.ticks + own.skipped_ticks} ticks removed"
        )


def _sign_in_links(settings: Settings, *urls: str) -> list[str]:
    """For each address a link that signs in once; unused ones of earlier starts end."""
    from policycortex.storage.registry import open_registry

    with closing(open_registry(settings)) as registry:
        registry.web_sessions.delete_links(_START)
        return [make_link(registry, name=_START, role="operator", url=url) for url in urls]


def _code_server(settings: Settings, port: int, ui: UiAddress, headers: Mapping[str, str]) -> Service:
    path = settings.dagster_home / CODE_SOCKET
    command = _python("-m", CODE_SERVER_MODULE, str(path), DEFINITIONS_MODULE, LOCATION, str(port))
    return Service(
        name="code server",
        command=command,
        module=CODE_SERVER_MODULE,
        is_ready=lambda: _answers(port),
        find_fault=lambda: _code_fault(ui, headers),
    )


def _run_host(settings: Settings) -> Service:
    path = settings.dagster_home / "runs.sock"
    command = _python("-m", RUN_HOST_MODULE, str(path), DEFINITIONS_MODULE)
    return Service(
        name="run host", command=command, module=RUN_HOST_MODULE, is_ready=lambda: _listens(path), grace_seconds=8
    )


def _daemon(workspace: Path) -> Service:
    return Service(
        name="daemon",
        command=_python("-m", DAEMON_MODULE, "run", "-w", str(workspace), *_DAGSTER_LOGS),
        module=DAEMON_MODULE,
        is_ready=lambda: True,
        needs_steady_clock=True,
    )


def _webserver(workspace: Path, ui: UiAddress, headers: Mapping[str, str]) -> Service:
    """Dagster's webserver behind the sign-in."""
    url = f"{ui.url}/healthz"
    return Service(
        name="webserver",
        command=_python("-m", UI_MODULE, ui.host, str(ui.port), str(workspace)),
        module=UI_MODULE,
        is_ready=lambda: _is_code_loaded(ui, headers),
        find_fault=lambda: _silence(url),
    )


def _api(host: str, port: int, processes: int) -> Service:
    command = _python("-m", _API_MODULE, host, str(port), str(processes))
    url = f"http://{_shown(host)}:{port}/healthz"
    return Service(
        name="api",
        command=command,
        module=_API_MODULE,
        is_ready=lambda: _get(url) is not None,
        grace_seconds=8,
        find_fault=lambda: _silence(url),
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-W", "ignore", *arguments)


def _environment(settings: Settings, ui: UiAddress, api_url: str) -> dict[str, str]:
    own = {
        "POLICYCORTEX_HOME": str(settings.home),
        "POLICYCORTEX_DAGSTER_URL": ui.url,
        "POLICYCORTEX_CONSOLE_URL": settings.console_url or api_url,
        "PYTHONUNBUFFERED": "1",
        CODE_FORMAT_VARIABLE: JSON,
    }
    return os.environ | own | dagster_environment(settings)


def _write_workspace(settings: Settings, code_port: int) -> Path:
    from pipelines.platform.code_address import write_code_address

    server = {"host": "127.0.0.1", "port": code_port, "location_name": LOCATION}
    path = settings.dagster_home / "workspace.yaml"
    write_atomically(path, yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    with open_instance(settings) as instance:
        write_code_address(instance, path)
    return path


def _require_ui_name(settings: Settings, host: str) -> None:
    """An address that other machines reach needs the name under which people open it."""
    if host not in {"127.0.0.1", "localhost", "::1"} and settings.ui_url is None:
        raise ConfigurationError(
            f"--dagster-host {host} needs POLICYCORTEX_UI_URL, the address under which people open the Dagster UI"
        )


def _shown(host: str) -> str:
    """The host in a URL for this machine."""
    if host in _ANY_HOST:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


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


def _is_code_loaded(ui: UiAddress, headers: Mapping[str, str]) -> bool:
    body = _query(ui, headers)
    return body is not None and b'"RepositoryLocation"' in body


def _code_fault(ui: UiAddress, headers: Mapping[str, str]) -> str | None:
    """What the webserver reports when it cannot load the code. None while the webserver itself does not answer."""
    body = _query(ui, headers)
    return "the webserver cannot load its code" if body is not None and b'"PythonError"' in body else None


def _query(ui: UiAddress, headers: Mapping[str, str]) -> bytes | None:
    return _get(f"{ui.url}/graphql", json.dumps({"query": _LOADED}).encode(), headers)


def _silence(url: str) -> str | None:
    """The fault of a server that gives no answer in time. Any answer counts: a busy server is slow, not broken."""
    try:
        with _LOCAL.stream("GET", url, timeout=_ANSWER_SECONDS):
            return None
    except httpx.HTTPError as error:
        return f"no answer from {url} within {_ANSWER_SECONDS:.0f} s: {type(error).__name__}"


def _get(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes | None:
    method = "GET" if body is None else "POST"
    given = {"Content-Type": "application/json", **(headers or {})}
    try:
        response = _LOCAL.request(method, url, content=body, headers=given, timeout=5)
    except httpx.HTTPError:
        return None
    return response.content if response.is_success else None


def _say(message: str) -> None:
    print(f"policycortex: {message}", file=sys.stderr, flush=True)
