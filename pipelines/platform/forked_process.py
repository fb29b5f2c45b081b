"""Child processes of a host that has its imports loaded: each does one piece of work and ends with its host."""

import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from dagster._utils.interrupts import setup_interrupt_handlers

_log = logging.getLogger("pipelines.platform.forked_process")

_MOST_FILES: Final = 256
_PR_SET_PDEATHSIG: Final = 1


def fork(name: str, work: Callable[[], object]) -> int:
    """Fork a process that does ``work`` and ends with this one. Returns its process id. ``name`` is for its log."""
    host = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _run(name, work, host)
    return pid


def receive_signals() -> socket.socket:
    """A socket at which the numbers of SIGTERM, SIGINT and SIGCHLD arrive, for the selector of a host."""
    signals, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.detach())  # stays open as long as the process
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return signals


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` ends; at once if it has already ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def _run(name: str, work: Callable[[], object], host: int) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        setup_interrupt_handlers()
        end_with_parent(host)
        os.closerange(3, _MOST_FILES)
        work()
        code = 0
    except KeyboardInterrupt:
        _log.info("%s was interrupted", name)
    except Exception:  # noqa: BLE001 - the outermost frame of a forked process
        _log.exception("%s", name)
    finally:
        logging.shutdown()
        os._exit(code)  # neither the host's loop nor its exit handlers may run here
