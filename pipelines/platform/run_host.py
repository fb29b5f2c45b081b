"""The process that runs are forked from. It has all imports loaded, and no thread pool, connection or open file.

``serve`` starts it as ``python -m pipelines.platform.run_host SOCKET MODULE``; MODULE holds ``defs``. A run costs a
fork (about 10 ms), with Dagster's default launcher an interpreter and all imports (2.5 s of CPU time). Each worker
writes TAG_WORKER before its run starts, and ends with this process.
"""

import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Final

from dagster import DagsterInstance, DagsterRunStatus
from dagster._grpc.impl import core_execute_run
from dagster._utils.hosted_user_process import recon_job_from_origin

from pipelines.platform.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE
from pipelines.platform.forked_process import fork, receive_signals
from pipelines.platform.run_host_socket import listen, receive_message
from pipelines.platform.service_logs import log_runs_as_json
from pipelines.platform.worker_identity import TAG_WORKER, WorkerIdentity, current_worker
from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.reports.registry import all_sections
from policycortex.settings import Settings
from policycortex.storage.lake.attach import check_extensions
from policycortex.storage.private_folders import private_folder, temporary_files_in
from policycortex.tracing.spans import import_sender
from policycortex.workflow.sign_files import digest_templates

_log = logging.getLogger("pipelines.platform.run_host")

_PRELOADED: Final = (
    "duckdb",
    "polars",
    "pyarrow.dataset",  # DuckDB imports it for the first data frame
    "pyarrow.parquet",
    "sqlalchemy.dialects.sqlite",
    "weasyprint",
    "xlsxwriter",
    "pikepdf",
    "policycortex.rendering.artifacts",
    "upath.implementations.local",  # Dagster imports it for the instance's settings
)
"""Imported before the first run. Together they take 2 seconds, once; a run may need only some of them."""

_NEW_OBJECTS: Final = 20_000
"""After so many, Python looks for unused cycles. Rendering makes many objects that stay: it looked 400 times."""


def main(socket_path: Path, definitions_module: str) -> None:
    """Load everything, then fork a worker per request until SIGTERM."""
    preload(definitions_module)
    workers: dict[str, WorkerIdentity] = {}
    signals = receive_signals()
    with listen(socket_path) as server, selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(signals, selectors.EVENT_READ)
        _log.info("ready")
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    _serve_request(server, workers)
                elif not set(signals.recv(4096)) <= {signal.SIGCHLD}:
                    _kill_all(workers)
                    return
            _reap(workers)


@cache
def preload(definitions_module: str) -> None:
    """Import all libraries that runs use, check DuckDB's extensions, resolve the definitions; once in a process.

    Raises RuntimeError if that starts a thread, ConfigurationError for extensions that are not as installed.

    The imports leave a few helper threads (of jemalloc, DuckDB and pyarrow) that sleep and hold no lock: measured, 200
    of 200 forks worked. A thread pool of Polars or DuckDB, or a connection, would not survive a fork.
    """
    os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))
    with _hidden("pandas"):  # pyarrow imports it where it is installed: 1 s of CPU time, 40 MB; nothing here uses it
        for module in _PRELOADED:
            importlib.import_module(module)
        from policycortex.rendering.preparation import prepare_rendering  # noqa: PLC0415 - without pandas
    all_sections()
    load_builtin_frameworks()  # a hundred files
    settings = Settings.from_environment()
    with private_folder(settings) as folder, temporary_files_in(folder):
        prepare_rendering()
    digest_templates()
    DagsterInstance.ephemeral().dispose()  # imports what each run imports when it opens its instance
    expected_threads = _thread_count()
    check_extensions(settings)
    import_sender(settings)
    importlib.import_module(definitions_module).defs.get_repository_def().get_all_jobs()
    if (started := _thread_count() - expected_threads) > 0:
        raise RuntimeError(
            f"loading {definitions_module} or DuckDB's extensions started {started} threads; "
            "a forked process would not have them"
        )
    gc.freeze()  # keeps the memory pages of these objects shared with all workers


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """While this is open, the package is not found, as if it was not installed."""
    finder = _Hidden(package)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Hidden(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> None:
        """Raise ModuleNotFoundError for the package; leave others to the next finder."""
        if fullname == self._package:
            raise ModuleNotFoundError(f"{fullname} is hidden from the run host", name=fullname)


def _thread_count() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _serve_request(server: socket.socket, workers: dict[str, WorkerIdentity]) -> None:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            run_id = receive_message(connection).get("run_id")
            if run_id and run_id not in workers:  # a repeated request after a lost response does not fork again
                workers[run_id] = WorkerIdentity.of_process(fork(f"run {run_id}", partial(execute_run, run_id)))
            response = {"worker": workers[run_id].to_tag()} if run_id else {}
            connection.sendall(json.dumps(response).encode() + b"\n")
        except (OSError, ValueError) as error:
            _log.warning("cannot answer a request: %s", error)


def execute_run(run_id: str) -> None:
    """Execute a run of the instance at DAGSTER_HOME in this process. Raises LookupError for an unknown run."""
    gc.set_threshold(_NEW_OBJECTS)
    # DuckDB imports it where it is installed: 1 s of CPU time for each run, in which an interrupt is lost.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type] # Python's way to say that a module is missing
    with DagsterInstance.get() as instance:
        instance.add_run_tags(run_id, {TAG_WORKER: current_worker().to_tag()})
        run = instance.get_run_by_id(run_id)
        if run is None or run.job_code_origin is None:
            raise LookupError(f"run {run_id} is not in this instance, or belongs to no code location")
        for _ in core_execute_run(recon_job_from_origin(run.job_code_origin), run, instance, inject_env_vars=False):
            pass


def report_failed_start(run_id: str, ended_with: int) -> None:
    """Fail a run whose worker ended before the run started; Dagster would notice only after its start timeout.

    ``ended_with`` is the exit code, negative for a signal. A started run is left to the daemon, which monitors it.
    """
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status is DagsterRunStatus.STARTING:
            reason = f"its worker ended with {ended_with} before the run had started: killed, or out of memory"
            instance.report_run_failed(run, reason)


def _reap(workers: dict[str, WorkerIdentity]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        for run_id in [run_id for run_id, worker in workers.items() if worker.pid == pid]:
            del workers[run_id]
            code = os.waitstatus_to_exitcode(status)
            _log.info("run %s ended with %s", run_id, code)
            if code:
                fork(f"run {run_id}", partial(report_failed_start, run_id, code))


def _kill_all(workers: dict[str, WorkerIdentity]) -> None:
    # Killed, not interrupted: an interrupted run fails, a killed one is retried after the next start.
    for worker in workers.values():
        worker.send_signal(signal.SIGKILL)
    while any(worker.is_alive() for worker in workers.values()):
        time.sleep(0.02)


if __name__ == "__main__":
    log_runs_as_json()
    _log.setLevel(logging.INFO)
    # Of the module, not of this copy of it: in a fork of ``serve`` its ``preload`` was called before.
    importlib.import_module("pipelines.platform.run_host").main(Path(sys.argv[1]), sys.argv[2])
