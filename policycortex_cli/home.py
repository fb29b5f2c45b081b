"""The folder an installation lives in: who may serve it, and Dagster's instance inside. Opens no database of ours."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.names import TAG_ORGANIZATION
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

_MAKING_LOCK: Final = 4_270_619_001
"""Of Postgres's advisory locks, the one that whoever makes Dagster's tables holds."""

_DAGSTER_SCHEMA: Final = "dagster"
"""Of Dagster's tables in Postgres. The registry has a table ``schedules`` as Dagster has, and where Dagster finds that
name it makes none of its own."""

_BROKER_PATIENCE_SECONDS: Final = 300
"""How long a run may wait in the broker for a worker before Dagster gives it up."""

BROKER_VARIABLE: Final = "POLICYCORTEX_BROKER_URL"


@contextmanager
def exclusive_home(settings: Settings) -> Iterator[None]:
    """Hold the home against a second ``serve``; the lock ends with the process, however it ends."""
    make_folder(settings.home)
    path = settings.home / "serve.lock"
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "unknown"
            raise StoreBusyError(
                f"{settings.home} is already being served by process {holder}; stop it first"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def make_folder(path: Path) -> None:
    """Create a folder of state, readable by its owner alone; ConfigurationError tells why it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigurationError(f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise ConfigurationError(f"cannot write into the folder {path}: permission denied")


def prepare_dagster_home(settings: Settings) -> None:
    """Write ``dagster.yaml`` anew: it belongs to this program's version, not to the user."""
    make_folder(settings.dagster_home)
    make_folder(settings.dagster_home / "history")
    write_atomically(settings.dagster_home / "dagster.yaml", yaml.safe_dump(instance_config(settings), sort_keys=False))


def instance_config(settings: Settings) -> dict[str, Any]:
    """Dagster's instance for these settings: the shipped template plus storage."""
    config: dict[str, Any] = yaml.safe_load(_shipped("dagster.yaml").read_text(encoding="utf-8"))
    history = str(settings.dagster_home / "history")
    if settings.database_url:
        config["storage"] = {"postgres": {"postgres_url": {"env": DAGSTER_DATABASE_VARIABLE}}}
    else:
        config["event_log_storage"] = _plug_in("pipelines.platform.event_log", "HomeEventLogStorage", base_dir=history)
        config["run_storage"] = _plug_in("dagster._core.storage.runs", "SqliteRunStorage", base_dir=history)
        config["schedule_storage"] = _plug_in(
            "dagster._core.storage.schedules",
            "SqliteScheduleStorage",
            base_dir=str(settings.dagster_home / "schedules"),
        )
    config["run_launcher"] = _run_launcher(settings)
    if settings.broker_url is not None:
        config["run_monitoring"]["start_timeout_seconds"] = _BROKER_PATIENCE_SECONDS
    runs = config["concurrency"]["runs"]
    runs["max_concurrent_runs"] = settings.max_concurrent_runs
    for limit in runs["tag_concurrency_limits"]:
        if limit["key"] == TAG_ORGANIZATION:
            limit["limit"] = max(settings.max_concurrent_runs - 1, 1)
    return config


def _run_launcher(settings: Settings) -> dict[str, Any]:
    if settings.broker_url is None:
        socket_path = str(settings.dagster_home / "runs.sock")
        return _plug_in("pipelines.platform.launcher", "ForkingRunLauncher", socket_path=socket_path)
    require_fleet(settings)
    broker = {"env": BROKER_VARIABLE}
    return _plug_in("pipelines.platform.celery_launcher", "FleetRunLauncher", broker=broker, backend=broker)


def require_fleet(settings: Settings) -> None:
    """Raises ConfigurationError where runs on other machines could not see what this one stores."""
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
        told = ", ".join(f"POLICYCORTEX_{name}" for name in missing)
        raise ConfigurationError(f"runs on several machines share nothing but what settings name; set {told} too")


def _plug_in(module: str, name: str, **config: Any) -> dict[str, Any]:  # noqa: ANN401 - what YAML can hold
    return {"module": module, "class": name, "config": config}


def dagster_environment(settings: Settings) -> dict[str, str]:
    """What Dagster's processes need in their environment: the folder, no telemetry, and the database with its driver.

    The URL goes by the environment, because dagster.yaml is a file that people copy and show.
    """
    environment = {"DAGSTER_HOME": str(settings.dagster_home), "DAGSTER_DISABLE_TELEMETRY": "1"}
    if settings.database_url:
        _, _, rest = settings.database_url.partition("://")
        joined = "&" if "?" in rest else "?"
        schema = f"options=-csearch_path%3D{_DAGSTER_SCHEMA}"
        environment[DAGSTER_DATABASE_VARIABLE] = f"postgresql+psycopg2://{rest}{joined}{schema}"
    return environment


def open_instance(settings: Settings) -> "DagsterInstance":
    """The home's own Dagster instance, created on first use; the caller closes it (context manager)."""
    from dagster import DagsterInstance

    prepare_dagster_home(settings)
    os.environ.update(dagster_environment(settings))
    # Two processes that make Dagster's databases at once break them for good.
    with (settings.dagster_home / "making.lock").open("w") as lock, _making_alone(settings):
        fcntl.flock(lock, fcntl.LOCK_EX)
        return DagsterInstance.from_config(str(settings.dagster_home))


@contextmanager
def _making_alone(settings: Settings) -> Iterator[None]:
    """Hold off other machines, too, where Dagster's storage is in Postgres."""
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
        connection.cursor().execute("SELECT pg_advisory_lock(%s)", (_MAKING_LOCK,))
        connection.cursor().execute(f"CREATE SCHEMA IF NOT EXISTS {_DAGSTER_SCHEMA}")
        yield
    finally:
        connection.close()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file as a whole; a crash leaves the old one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _shipped(name: str) -> Path:
    import pipelines

    package = Path(pipelines.__file__).parent
    installed = package / "_instance" / name
    return installed if installed.exists() else package.parent / name
