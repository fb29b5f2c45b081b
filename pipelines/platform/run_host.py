"""The process that runs are forked from: everything imported once, no pool, no connection, no file open.

``serve`` starts it as ``python -m pipelines.platform.run_host SOCKET MODULE``; MODULE holds ``defs``. A run costs a
fork (some 10 ms) where Dagster's default launcher pays an interpreter and all imports (2.5 CPU seconds). Each
run writes TAG_WORKER before it starts, dies with this process, and is reaped by it.
"""

import ctypes
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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from dagster import DagsterInstance, DagsterRunStatus
from dagster._grpc.impl import core_execute_run
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import setup_interrupt_handlers

from pipelines.platform.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE
from pipelines.platform.run_host_socket import listening, receive
from pipelines.platform.worker_identity import TAG_WORKER, Worker, this_worker
from policycortex.settings import Settings
from policycortex.storage.lake.attach import check_extensions

_log = logging.getLogger("pipelines.platform.run_host")

_WARM: Final = (
    "duckdb",
    "polars",
    "pyarrow.dataset",  # by DuckDB, at the first frame it is given
    "pyarrow.parquet",
    "sqlalchemy.dialects.sqlite",
    "weasyprint",
    "xlsxwriter",
    "pikepdf",
)
"""Loaded before the first run although a run may need only some: together they cost 3 seconds, once."""

_PR_SET_PDEATHSIG: Final = 1


def main(socket_path: Path, definitions_module: str) -> None:
    """Warm up, then fork a worker per question until SIGTERM."""
    warm_up(definitions_module)
    workers: dict[str, Worker] = {}
    ended, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    with listening(socket_path) as server, selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        _log.info("ready")
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    _answer(server, workers)
                elif not set(ended.recv(4096)) <= {signal.SIGCHLD}:
                    _end(workers)
                    return
            _reap(workers)


def warm_up(definitions_module: str) -> None:
    """Import all that runs use, check DuckDB's extensions, resolve the definitions.

    Raises RuntimeError if that starts a thread, ConfigurationError for extensions that are not as installed.

    The libraries' imports leave a few helper threads (jemalloc's, one of DuckDB's, one of pyarrow's) that sleep and
    hold no lock: 200 forks of 200 worked on. A pool of Polars or DuckDB, or a connection, would not survive a fork.
    """
    os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))
    for module in _WARM:
        importlib.import_module(module)
    helpers = _thread_count()
    check_extensions(Settings.from_environment())
    importlib.import_module(definitions_module).defs.get_repository_def().get_all_jobs()
    if _thread_count() > helpers:
        raise RuntimeError(
            f"loading {definitions_module} or DuckDB's extensions started {_thread_count() - helpers} threads; a fork "
            "loses them"
        )
    gc.collect()
    gc.freeze()  # what is old now stays shared with every run


def _thread_count() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _answer(server: socket.socket, workers: dict[str, Worker]) -> None:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            run_id = receive(connection).get("run_id")
            if run_id and run_id not in workers:  # asked again after a lost answer: it is on its way already
                workers[run_id] = Worker.of_process(_fork(run_id, partial(execute_run, run_id)))
            answer = {"worker": workers[run_id].to_tag()} if run_id else {}
            connection.sendall(json.dumps(answer).encode() + b"\n")
        except (OSError, ValueError) as error:
            _log.warning("a question could not be answered: %s", error)


def _fork(run_id: str, work: Callable[[], None]) -> int:
    """The id of a process that does ``work`` for the run, and dies with this one."""
    host = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_worker(run_id, work, host)
    return pid


def _be_worker(run_id: str, work: Callable[[], None], host: int) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        setup_interrupt_handlers()
        die_with(host)
        os.closerange(3, 256)
        work()
        code = 0
    except KeyboardInterrupt:
        _log.info("run %s was interrupted", run_id)
    except Exception:  # noqa: BLE001 - the outermost edge of a run's process
        _log.exception("run %s", run_id)
    finally:
        logging.shutdown()
        os._exit(code)  # never back into the host's loop, and none of its exit handlers


def execute_run(run_id: str) -> None:
    """Execute a run of the instance at DAGSTER_HOME in this process, to its end."""
    with DagsterInstance.get() as instance:
        instance.add_run_tags(run_id, {TAG_WORKER: this_worker().to_tag()})
        run = instance.get_run_by_id(run_id)
        if run is None or run.job_code_origin is None:
            raise LookupError(f"run {run_id} is not in this instance, or not of a code location")
        for _ in core_execute_run(recon_job_from_origin(run.job_code_origin), run, instance, inject_env_vars=False):
            pass


def report_lost_start(run_id: str, ended_with: int) -> None:
    """Fail a run whose worker ended before its first word; Dagster would only see it after its start timeout.

    A run that had started is left to the daemon, which looks after its worker's health.
    """
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status is DagsterRunStatus.STARTING:
            told = f"its worker ended with {ended_with} before the run had started: killed, or out of memory"
            instance.report_run_failed(run, told)


def die_with(host: int) -> None:
    """Have the kernel kill this process when its parent, ``host``, ends; at once where it has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != host:  # it died before the line above
        os._exit(1)


def _reap(workers: dict[str, Worker]) -> None:
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
                _fork(run_id, partial(report_lost_start, run_id, code))


def _end(workers: dict[str, Worker]) -> None:
    # Killed, not interrupted: an interrupted run ends as failed, a killed one is tried again at the next start.
    for worker in workers.values():
        worker.send_signal(signal.SIGKILL)
    while any(worker.is_alive() for worker in workers.values()):
        time.sleep(0.02)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    _log.setLevel(logging.INFO)
    main(Path(sys.argv[1]), sys.argv[2])
