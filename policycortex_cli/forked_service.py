"""A service as a fork of the supervisor: what it imports is in memory already, and shared with the other services."""

import gc
import os
import re
import runpy
import signal
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Final

from setproctitle import setproctitle

_MOST_FILES: Final = 4096
_POOL: Final = re.compile(r"polars-\d+")
"""Names of the threads of Polars' pool."""


def may_fork() -> bool:
    """Whether a fork can do all that this process can: a thread of it, or a pool that it started, would be missing.

    Threads that libraries start when they are imported sleep and hold no lock (see ``pipelines.platform.run_host``).
    """
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return threading.active_count() == 1 and not any(_POOL.fullmatch(name) for name in names)


class ForkedService:
    """A child process that runs a module; the part of ``subprocess.Popen`` that the supervisor uses."""

    def __init__(
        self, module: str, arguments: Sequence[str], *, folder: Path, output: IO[bytes], environment: Mapping[str, str]
    ) -> None:
        """Start it. ``may_fork`` must be true."""
        given = (module, list(arguments), folder, output.fileno(), dict(environment))
        self._process = get_context("fork").Process(target=_run_module, args=given)
        self._process.start()
        self.pid = self._process.pid or 0
        with suppress(ProcessLookupError):  # it has ended
            os.setpgid(self.pid, self.pid)  # here too: the group must exist when this returns

    @property
    def returncode(self) -> int | None:
        """None while it runs, negative for a signal."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same as ``returncode``."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended, at most ``timeout`` seconds. Returns the exit code, None while it still runs."""
        self._process.join(timeout)
        return self._process.exitcode


def _run_module(module: str, arguments: list[str], folder: Path, output: int, environment: dict[str, str]) -> None:
    """As ``python -W ignore -m module arguments`` would, in a process group of its own."""
    os.setpgid(0, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, _MOST_FILES)  # the lock of the home, and the pipe whose end tells the watchdog of the supervisor's
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    gc.enable()
    sys.argv = [module, *arguments]
    setproctitle(" ".join((sys.executable, "-W ignore -m", *sys.argv)))
    warnings.simplefilter("ignore")
    runpy.run_module(module, run_name="__main__", alter_sys=True)
