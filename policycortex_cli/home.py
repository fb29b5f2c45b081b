"""The home folder of an installation: its lock, and Dagster's instance inside. Opens none of our databases."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from filelock import FileLock, Timeout

from pipelines.platform.instance_plugins import (
    CELERY_LAUNCHER,
    EVENT_LOG_STORAGE,
    FORKING_LAUNCHER,
    RUN_STORAGE,
    SCHEDULE_STORAGE,
)
from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.names import TAG_ORGANIZATION
from policycortex.security.key_store import make_private_folder
from policycortex.security.private_home import PRIVATE_UMASK, tighten_home
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex.storage.private_folders import sweep_private_folders

if TYPE_CHECKING:
    from dagster import DagsterInstance

_SETUP_LOCK: Final = 4_270_619_001
"""Postgres advisory lock that a process holds while it creates Dagster's tables."""

_DAGSTER_SCHEMA: Final = "dagster"
"""Schema of Dagster's tables in Postgres. The registry and Dagster both have a table ``schedules``; in one schema
Dagster would not create its own."""

_BROKER_WAIT_SECONDS: Final = 300
"""How long a run may wait in the broker for a worker before Dagster fails it."""

OWN_CONFIG: Final = "dagster.own.yaml"
"""Of the home: the operator's own settings for Dagster's instance. ``dagster.yaml`` itself is written by each start."""

BROKER_VARIABLE: Final = "POLICYCORTEX_BROKER_URL"


@contextmanager
def exclusive_home(settings: Settings) -> Iterator[None]:
    """Lock the home against a second ``serve``. The kernel releases the lock when the process ends.

    Raises StoreBusyError when another process holds it.
    """
    with private_home(settings, is_thorough=True), _serve_lock(settings):
        yield


@contextmanager
def private_home(settings: Settings, *, is_thorough: bool = False) -> Iterator[None]:
    """The home for its owner alone, also all files that this process and its children make, and nothing in it that
    killed processes left. Raises ConfigurationError for a home that is open to others and cannot be changed."""
    before = os.umask(PRIVATE_UMASK)
    try:
        make_folder(settings.home)
        if changed := tighten_home(settings.home, is_thorough=is_thorough):
            print(f"policycortex: {changed}", file=sys.stderr, flush=True)
        sweep_private_folders(settings)
        yield
    finally:
        os.umask(before)


@contextmanager
def _serve_lock(settings: Settings) -> Iterator[None]:
    lock, process_file = FileLock(settings.home / "serve.lock"), settings.home / "serve.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = process_file.read_text().strip() if process_file.exists() else "unknown"
        raise StoreBusyError(f"{settings.home} is already being served by process {holder}; stop it first") from None
    try:
        write_atomically(process_file, str(os.getpid()))
        yield
    finally:
        lock.release()


def make_folder(path: Path) -> None:
    """Create a folder that only its owner can read. Raises ConfigurationError with the reason."""
    try:
        make_private_folder(path)
    except OSError as error:
        raise ConfigurationError(f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise ConfigurationError(f"cannot write into the folder {path}: permission denied")


def prepare_dagster_home(settings: Settings) -> None:
    """Write ``dagster.yaml``, over an existing one: it names modules of this version of the program."""
    make_folder(settings.dagster_home)
    make_folder(settings.dagster_home / "history")
    write_atomically(settings.dagster_home / "dagster.yaml", yaml.safe_dump(instance_config(settings), sort_keys=False))


def instance_config(settings: Settings) -> dict[str, Any]:
    """Dagster's instance configuration: the packaged ``dagster.yaml`` with storage, launcher, and the operator's own
    settings. Raises ConfigurationError."""
    config: dict[str, Any] = yaml.safe_load(_packaged_file("dagster.yaml").read_text(encoding="utf-8"))
    history = str(settings.dagster_home / "history")
    if settings.database_url:
        config["storage"] = {"postgres": {"postgres_url": {"env": DAGSTER_DATABASE_VARIABLE}}}
    else:
        config["event_log_storage"] = EVENT_LOG_STORAGE.config(base_dir=history)
        config["run_storage"] = RUN_STORAGE.config(base_dir=history)
        config["schedule_storage"] = SCHEDULE_STORAGE.config(base_dir=str(settings.dagster_home / "schedules"))
    config["run_launcher"] = _run_launcher(settings)
    if settings.broker_url is not None:
        config["run_monitoring"]["start_timeout_seconds"] = _BROKER_WAIT_SECONDS
    runs = config["concurrency"]["runs"]
    runs["max_concurrent_runs"] = settings.max_concurrent_runs
    for limit in runs["tag_concurrency_limits"]:
        if limit["key"] == TAG_ORGANIZATION:
            limit["limit"] = max(settings.max_concurrent_runs - 1, 1)
    return _merged(config, _own_config(settings))


def _own_config(settings: Settings) -> dict[str, Any]:
    """What the operator sets in the home's ``dagster.own.yaml``. Raises ConfigurationError when it is no mapping."""
    path = settings.home / OWN_CONFIG
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if not isinstance(own or {}, dict):
        raise ConfigurationError(f"{path} must hold settings of dagster.yaml by name")
    return own or {}


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged; every other value of ``own`` replaces that of ``base``."""
    both = {name: _merged(base[name], value) for name, value in own.items() if _are_mappings(base.get(name), value)}
    return base | own | both


def _are_mappings(*values: object) -> bool:
    return all(isinstance(value, dict) for value in values)


def _run_launcher(settings: Settings) -> dict[str, Any]:
    if settings.broker_url is None:
        socket_path = str(settings.dagster_home / "runs.sock")
        return FORKING_LAUNCHER.config(socket_path=socket_path)
    require_fleet(settings)
    broker = {"env": BROKER_VARIABLE}
    return CELERY_LAUNCHER.config(broker=broker, backend=broker)


def require_fleet(settings: Settings) -> None:
    """Raise ConfigurationError when runs on other machines could not reach what this machine stores."""
    missing = [
        name
        for name, value in (
            ("DATABASE_URL", settings.database_url),
            ("LAKE_URL", settings.lake_url),
            ("ARTIFACTS_URL", settings.artifacts_url),
            ("BROKER_URL", settings.broker_url),
        )
        if value is None
    ]
    if missing:
        names = ", ".join(f"POLICYCORTEX_{name}" for name in missing)
        raise ConfigurationError(f"runs on several machines need shared storage; set {names} too")


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Environment of Dagster's processes: its folder, no telemetry, and the database with its driver.

    The database URL is passed by the environment and not in ``dagster.yaml``, because people copy and share that file.
    """
    environment = {"DAGSTER_HOME": str(settings.dagster_home), "DAGSTER_DISABLE_TELEMETRY": "1"}
    if settings.database_url:
        _, _, rest = settings.database_url.partition("://")
        joined = "&" if "?" in rest else "?"
        schema = f"options=-csearch_path%3D{_DAGSTER_SCHEMA}"
        environment[DAGSTER_DATABASE_VARIABLE] = f"postgresql+psycopg2://{rest}{joined}{schema}"
    return environment


@contextmanager
def open_instance(settings: Settings) -> Iterator["DagsterInstance"]:
    """The home's Dagster instance, created on first use. After it no file of it is open, so that a process may fork."""
    from dagster import DagsterInstance

    prepare_dagster_home(settings)
    os.environ.update(dagster_environment(settings))
    # Two processes that create Dagster's databases at the same time leave them broken.
    with FileLock(settings.dagster_home / "making.lock"), _setup_lock(settings):
        opened = DagsterInstance.from_config(str(settings.dagster_home))
    with opened:
        try:
            yield opened
        finally:
            if opened.schedule_storage is not None:
                opened.schedule_storage.dispose()  # Dagster disposes of the other two


@contextmanager
def _setup_lock(settings: Settings) -> Iterator[None]:
    """Lock the setup against other machines where Dagster's storage is in Postgres."""
    if settings.database_url is None:
        yield
        return
    import psycopg2

    try:
        connection = psycopg2.connect(f"postgresql://{settings.database_url.partition('://')[2]}")
    except psycopg2.OperationalError as error:
        raise UnavailableError(f"Postgres does not answer: {str(error).strip()}") from error
    try:
        connection.autocommit = True
        connection.cursor().execute("SELECT pg_advisory_lock(%s)", (_SETUP_LOCK,))
        connection.cursor().execute(f"CREATE SCHEMA IF NOT EXISTS {_DAGSTER_SCHEMA}")
        yield
    finally:
        connection.close()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file; after a crash it has either the old or the new content."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _packaged_file(name: str) -> Path:
    import pipelines

    package = Path(pipelines.__file__).parent
    installed = package / "_instance" / name
    return installed if installed.exists() else package.parent / name
