"""Every private part of Dagster that ``pipelines.platform`` uses: its signature and its behaviour.

After an upgrade of Dagster these tests fail before anything else does. Each names the module to adapt.
"""

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pytest
import yaml

from pipelines import platform
from pipelines.platform import instance_plugins
from pipelines.platform.instance_plugins import (
    DAEMON_MODULE,
    EVENT_LOG_STORAGE,
    FORKING_LAUNCHER,
    RUN_STORAGE,
    SCHEDULE_STORAGE,
    InstancePlugin,
)

PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "dagster._core.definitions.asset_checks.asset_check_evaluation:AssetCheckEvaluationPlanned": (),
    "dagster._core.errors:DagsterLaunchFailedError": ("args", "kwargs"),
    "dagster._core.launcher.base:CheckRunHealthResult": ("status", "msg"),
    "dagster._core.launcher.base:LaunchRunContext": ("dagster_run",),
    "dagster._core.launcher.base:RunLauncher": (),
    "dagster._core.launcher.base:WorkerStatus": (),
    "dagster._core.launcher:CheckRunHealthResult": ("status", "msg"),
    "dagster._core.launcher:LaunchRunContext": ("dagster_run",),
    "dagster._core.launcher:WorkerStatus": (),
    "dagster._core.remote_origin:RemoteInstigatorOrigin": (),
    "dagster._core.remote_origin:RemoteRepositoryOrigin": (),
    "dagster._core.scheduler.instigation:InstigatorState": (),
    "dagster._core.storage.event_log:ConsolidatedSqliteEventLogStorage": ("base_dir", "inst_data"),
    "dagster._core.storage.event_log:SqlEventLogStorageTable": (),
    "dagster._core.storage.event_log.polling_event_watcher:SqlPollingEventWatcher": ("event_log_storage",),
    "dagster._core.storage.runs:SqliteRunStorage": ("conn_string", "inst_data"),
    "dagster._core.storage.runs.schema:RunTagsTable": (),
    "dagster._core.storage.runs.schema:RunsTable": (),
    "dagster._core.storage.schedules:SqliteScheduleStorage": ("conn_string", "inst_data"),
    "dagster._core.storage.schedules.schema:JobTickTable": (),
    "dagster._core.workspace.context:WorkspaceProcessContext": ("instance", "workspace_load_target", "version"),
    "dagster._core.workspace.context:WorkspaceRequestContext": (
        "instance",
        "current_workspace",
        "process_context",
        "version",
        "source",
        "read_only",
    ),
    "dagster._core.workspace.load_target:WorkspaceFileTarget": (),
    "dagster._grpc.impl:core_execute_run": ("recon_job", "dagster_run", "instance", "inject_env_vars"),
    "dagster._serdes:ConfigurableClass": (),
    "dagster._serdes:ConfigurableClassData": ("module_name", "class_name", "config_yaml"),
    "dagster._utils.hosted_user_process:recon_job_from_origin": ("origin",),
    "dagster._utils.interrupts:setup_interrupt_handlers": (),
    "dagster._utils.warnings:BetaWarning": (),
}
"""``module:name`` of each private import, and the parameters that we rely on."""

METHODS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "dagster._core.launcher.base:RunLauncher": {
        "launch_run": ("context",),
        "terminate": ("run_id",),
        "check_run_worker_health": ("run",),
        "register_instance": ("instance",),
    },
    "dagster._core.storage.event_log:ConsolidatedSqliteEventLogStorage": {
        "_connect": (),
        "index_transaction": (),
        "prepare_insert_event_batch": ("events",),
        "store_event": ("event",),
        "store_event_batch": ("events",),
        "_store_asset_check_evaluation_planned": ("event", "event_id"),
        "_store_asset_event": ("conn", "event", "event_id"),
        "_store_asset_event_tags": ("conn", "events", "event_ids"),
        "watch": ("run_id", "cursor", "callback"),
        "end_watch": ("run_id", "handler"),
        "dispose": (),
    },
    "dagster._core.storage.runs:SqliteRunStorage": {
        "connect": (),
        "dispose": (),
        "from_config_value": ("inst_data", "config_value"),
        "from_local": ("base_dir", "inst_data"),
        "has_run_stats_index_cols": (),
    },
    "dagster._core.storage.schedules:SqliteScheduleStorage": {
        "connect": (),
        "dispose": (),
        "from_config_value": ("inst_data", "config_value"),
        "from_local": ("base_dir", "inst_data"),
        "has_built_index": ("migration_name",),
        "has_instigators_table": (),
        "purge_ticks": ("origin_id", "selector_id", "before", "tick_statuses"),
    },
    "dagster._core.workspace.context:WorkspaceProcessContext": {
        "create_request_context": ("source",),
        "get_current_workspace": (),
        "refresh_code_location": ("name",),
        "refresh_workspace": (),
        "reload_code_location": ("name",),
        "reload_workspace": (),
    },
    "dagster._core.storage.event_log.polling_event_watcher:SqlPollingEventWatcher": {
        "watch_run": ("run_id", "cursor", "callback"),
        "unwatch_run": ("run_id", "handler"),
        "close": (),
    },
}
"""Methods that we override or call, with the parameters that we rely on."""

SUBSCRIPTIONS: Final = {"pipelineRunLogs", "capturedLogs", "locationStateChangeEvents"}
"""All subscriptions of Dagster: they only follow what happens, so that a viewer may use them."""


def test_every_private_import_has_a_contract() -> None:
    """A new private import needs an entry in PARAMETERS; an entry without an import is removed."""
    folder = Path(platform.__file__).parent
    found = {
        f"{node.module}:{alias.name}"
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and "._" in node.module
        for alias in node.names
    }
    assert found == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_signatures_of_private_parts(name: str) -> None:
    """The name exists and takes the parameters that we pass."""
    found = _private(name)
    parameters = inspect.signature(found).parameters if PARAMETERS[name] else {}
    missing = [parameter for parameter in PARAMETERS[name] if parameter not in parameters]
    assert not missing, f"Dagster {dg.__version__}: {name} no longer takes {missing}; adapt pipelines.platform"
    for method, expected in METHODS.get(name, {}).items():
        assert hasattr(found, method), f"Dagster {dg.__version__}: {name} has no {method}; adapt pipelines.platform"
        taken = inspect.signature(getattr(found, method)).parameters
        lost = [parameter for parameter in expected if parameter not in taken]
        assert not lost, f"Dagster {dg.__version__}: {name}.{method} no longer takes {lost}; adapt pipelines.platform"


@dg.multi_asset(
    specs=[dg.AssetSpec("contract_asset")],
    partitions_def=dg.StaticPartitionsDefinition(["1", "2", "3"]),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def contract_asset() -> dg.MaterializeResult[None]:
    """An asset whose partitions are made by one run, which emits one event each."""
    return dg.MaterializeResult()


@dg.op
def contract_op() -> None:
    """Does nothing."""


@dg.job(executor_def=dg.in_process_executor)
def stored_job() -> None:
    """A job of one op."""
    contract_op()


contract_job = dg.define_asset_job("contract_job", selection=[contract_asset])
defs = dg.Definitions(assets=[contract_asset], jobs=[contract_job], executor=dg.in_process_executor)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance with all plugins of an embedded home, made from a file as in production."""
    history = str(tmp_path / "history")
    config = {
        "telemetry": {"enabled": False},
        "event_log_storage": EVENT_LOG_STORAGE.config(base_dir=history),
        "run_storage": RUN_STORAGE.config(base_dir=history),
        "schedule_storage": SCHEDULE_STORAGE.config(base_dir=str(tmp_path / "schedules")),
        "run_coordinator": _shipped_coordinator(),
        "run_launcher": FORKING_LAUNCHER.config(socket_path=str(tmp_path / "runs.sock")),
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as made:
        yield made


def test_dagster_loads_every_plugin_by_its_name(instance: dg.DagsterInstance) -> None:
    """As ``dagster.yaml`` names them; a moved class would fail here, not in the daemon."""
    loaded = {
        EVENT_LOG_STORAGE: instance.event_log_storage,
        RUN_STORAGE: instance.run_storage,
        SCHEDULE_STORAGE: instance.schedule_storage,
        FORKING_LAUNCHER: instance.run_launcher,
        InstancePlugin(module="", class_name=_shipped_coordinator()["class"]): instance.run_coordinator,
    }
    for plugin, made in loaded.items():
        assert type(made).__name__ == plugin.class_name
    assert instance.run_launcher.supports_check_run_worker_health


def test_plugins_that_only_a_fleet_uses_exist() -> None:
    """The Celery launcher, with Dagster's own Celery launcher below it, and the daemon's program."""
    plugins = [value for value in vars(instance_plugins).values() if isinstance(value, InstancePlugin)]
    for plugin in plugins:
        assert hasattr(importlib.import_module(plugin.module), plugin.class_name)
    launcher = importlib.import_module("dagster_celery.launcher").CeleryRunLauncher
    taken = inspect.signature(launcher._launch_celery_task_run).parameters
    assert {"run", "task_signature", "routing_key"} <= set(taken)
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", DAEMON_MODULE, "run", "--help"], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0
    assert "--workspace" in done.stdout


def test_a_batch_of_events_is_one_transaction(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event log stores materializations in batches, and finds them by run and by asset."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    batches: list[int] = []
    original = type(instance.event_log_storage).store_event_batch

    def counted(self: Any, events: Any) -> None:  # noqa: ANN401 - Dagster's own types
        batches.append(len(events))
        original(self, events)

    monkeypatch.setattr(type(instance.event_log_storage), "store_event_batch", counted)
    window = {"dagster/asset_partition_range_start": "1", "dagster/asset_partition_range_end": "3"}
    done = defs.resolve_job_def("contract_job").execute_in_process(instance=instance, tags=window)
    assert done.success
    assert 3 in batches
    logged = instance.all_logs(done.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert [log.get_dagster_event().asset_key for log in logged] == 3 * [contract_asset.key]
    assert instance.get_latest_materialization_event(contract_asset.key) is not None


def test_a_stored_run_is_executed_from_its_origin(instance: dg.DagsterInstance) -> None:
    """The run host loads the job that the run names, executes it, and gets each event."""
    execute: Callable[..., Iterator[dg.DagsterEvent]] = _private("dagster._grpc.impl:core_execute_run")
    load: Callable[..., Any] = _private("dagster._utils.hosted_user_process:recon_job_from_origin")
    job = dg.reconstructable(stored_job)
    run = instance.create_run_for_job(job.get_definition(), job_code_origin=job.get_python_origin())
    assert run.job_code_origin is not None
    events = list(execute(load(run.job_code_origin), run, instance, inject_env_vars=False))
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.SUCCESS
    assert events[-1].event_type is dg.DagsterEventType.RUN_SUCCESS


def test_sigterm_interrupts_a_worker() -> None:
    """``setup_interrupt_handlers`` gives SIGTERM the handler of SIGINT, which ends a run as canceled."""
    program = (
        "import os, signal\n"
        "from dagster._utils.interrupts import setup_interrupt_handlers\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "setup_interrupt_handlers()\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM); signal.pause()\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0)


def test_an_event_is_followed_by_polling(instance: dg.DagsterInstance) -> None:
    """The watcher accepts and drops a run. Dagster's own watches the file, which does not change."""
    watched = _private("dagster._core.storage.event_log.polling_event_watcher:SqlPollingEventWatcher")
    watcher = watched(instance.event_log_storage)
    callback: Callable[..., None] = lambda *_: None  # noqa: E731 - Dagster keeps the object to unwatch it by
    watcher.watch_run("some-run", None, callback)
    watcher.unwatch_run("some-run", callback)
    watcher.close()


def test_the_webserver_is_an_application_that_we_can_wrap() -> None:
    """``open_webserver`` makes it from a context; the guard knows its paths, and which subscriptions exist."""
    made = importlib.import_module("dagster_webserver.app").create_app_from_workspace_process_context
    assert list(inspect.signature(made).parameters)[:3] == [
        "workspace_process_context", "path_prefix", "live_data_poll_rate",
    ]  # fmt: skip
    assert "optimize_for_webserver" in dir(dg.DagsterInstance)
    assert _private("dagster._core.workspace.load_target:WorkspaceFileTarget")(paths=["w.yaml"]).paths == ["w.yaml"]
    schema = importlib.import_module("dagster_graphql.schema").create_schema().graphql_schema
    assert set(schema.subscription_type.fields) == SUBSCRIPTIONS
    server = importlib.import_module("dagster_webserver.webserver").DagsterWebserver
    routes = server.build_routes(server(_FakeContext()))
    posts = {route.path for route in routes if "POST" in (getattr(route, "methods", None) or ())}
    assert posts == {
        "/graphql", "/report_asset_materialization/{asset_key:path}", "/report_asset_check/{asset_key:path}",
        "/report_asset_observation/{asset_key:path}",
    }  # fmt: skip


class _FakeContext:
    """What the webserver needs to list its paths."""


def test_code_references_warn_by_the_category_we_silence() -> None:
    """The filter in ``code_references`` names this warning; another one would appear on every terminal."""
    with pytest.warns(_private("dagster._utils.warnings:BetaWarning")):
        dg.with_source_code_references([contract_asset])


def _shipped_coordinator() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "dagster.yaml").read_text())
    coordinator: dict[str, Any] = config["run_coordinator"]
    return coordinator


def _private(name: str) -> Any:  # noqa: ANN401 - the contract is about Dagster's own types
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"Dagster {dg.__version__} has no {name} any more ({error}); adapt pipelines.platform")
