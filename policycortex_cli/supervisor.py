"""Keeps a few services running as children of one process, and leaves none behind. Knows no service by name."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from policycortex.errors import UnavailableError
from policycortex_cli import watchdog

_POLL_SECONDS: Final = 0.1
_START_SECONDS: Final = 120.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_LOG_BYTES: Final = 10_000_000
_EXAMINE_SECONDS: Final = 5.0
_SETTLING_SECONDS: Final = 30.0  # after it is ready others must see so, too; a busy machine takes its time
_MOST_DENIALS: Final = 4  # in a row: a code location that is being loaded anew shows itself broken for a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One program to keep running."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    """Cheap; asked every tenth of a second while the service starts."""
    grace_seconds: float = 3.0
    """How long it may take to end after SIGTERM before it is killed."""
    is_alive: Callable[[], bool] = lambda: True
    """Cheap; asked every five seconds: False where the process lives but its work is dead, so that it is ended."""


class StopRequest(Exception):  # noqa: N818 - asked for, no error
    """A signal asked for the end; raised only where no child is half started."""


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    restart_at: float | None = None
    examined_at: float = 0.0
    ready_at: float | None = None
    """None from its start until it is seen ready: what still loads must not be ended for not working yet."""
    denials: int = 0


@dataclass(slots=True)
class Supervisor:
    """Owns the children; all of it runs in the main thread."""

    folder: Path
    """Working folder of the services."""
    logs: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]
    is_stopping: Callable[[], bool]
    """Asked between any two steps; True ends ``start`` and ``watch`` by StopRequest."""
    _children: dict[str, _Child] = field(default_factory=dict)
    _watchdog: subprocess.Popen[bytes] | None = None

    def start(self, *services: Service) -> None:
        """Start services and wait until all are ready. Raises UnavailableError naming the one that is not."""
        for service in services:
            self._children[service.name] = self._spawn(service)
        deadline = time.monotonic() + _START_SECONDS
        for service in services:
            self._wait_until_ready(self._children[service.name], deadline)

    def watch(self) -> None:
        """Restart what ends, after a pause that doubles with each early end; returns only by StopRequest."""
        while True:
            self._pause()
            for child in self._children.values():
                self._tend(child)

    def stop(self) -> None:
        """End every child and wait for it: SIGTERM, then SIGKILL after the grace."""
        reaper = threading.Thread(target=self._reap_all)  # what nobody waited for would count as living
        reaper.start()
        watchdog.end_groups({child.process.pid: child.service.grace_seconds for child in self._children.values()})
        reaper.join()
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            self._watchdog.wait()

    def _reap_all(self) -> None:
        for child in self._children.values():
            child.process.wait()

    def _wait_until_ready(self, child: _Child, deadline: float) -> None:
        while not child.service.is_ready():
            if child.process.poll() is not None:
                raise UnavailableError(
                    f"the {child.service.name} ended while it started; see {self._log_of(child.service)}"
                )
            if time.monotonic() > deadline:
                told = f"the {child.service.name} was not ready after {_START_SECONDS:.0f} s"
                raise UnavailableError(f"{told}; see {self._log_of(child.service)}")
            self._pause()

    def _pause(self) -> None:
        time.sleep(_POLL_SECONDS)
        if self.is_stopping():
            raise StopRequest

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.restart_at is None and child.process.poll() is not None:
            child.failures = 1 if now - child.started_at > _STEADY_SECONDS else child.failures + 1
            pause = min(2.0 ** (child.failures - 1), _LONGEST_PAUSE_SECONDS)
            child.restart_at = now + pause
            watchdog.end_groups({child.process.pid: 1.0})
            self._tell_watchdog("-", child.process.pid)
            self.say(
                f"the {child.service.name} ended with {child.process.returncode}; starting it again in {pause:.0f} s"
            )
        elif child.restart_at is not None and now >= child.restart_at:
            fresh = self._spawn(child.service)
            child.process, child.started_at, child.restart_at = fresh.process, fresh.started_at, None
            child.ready_at, child.denials = None, 0
        elif child.restart_at is None and now - max(child.examined_at, child.started_at) >= _EXAMINE_SECONDS:
            self._examine(child, now)

    def _examine(self, child: _Child, now: float) -> None:
        """End a service whose process outlives its work; the next round starts it again."""
        child.examined_at = now
        if child.ready_at is None and (child.service.is_ready() or now - child.started_at > _START_SECONDS):
            child.ready_at = now
        if child.ready_at is None or now - child.ready_at < _SETTLING_SECONDS:
            return
        child.denials = 0 if child.service.is_alive() else child.denials + 1
        if child.denials >= _MOST_DENIALS:
            child.denials = 0
            self.say(f"the {child.service.name} does not work any more; ending it")
            watchdog.end_groups({child.process.pid: 1.0})

    def _spawn(self, service: Service) -> _Child:
        log = self._log_of(service)
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=dict(self.environment),
                start_new_session=True,
            )
        self._tell_watchdog("+", process.pid)
        return _Child(service=service, process=process, started_at=time.monotonic())

    def _tell_watchdog(self, sign: str, group: int) -> None:
        if self._watchdog is None:
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, start_new_session=True
            )
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{sign}{group}\n".encode())
            self._watchdog.stdin.flush()

    def _log_of(self, service: Service) -> Path:
        return self.logs / f"{service.name.replace(' ', '-')}.log"
