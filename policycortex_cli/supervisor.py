"""Runs services as child processes, restarts those that end, and ends all of them. Knows no service by name."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from policycortex.errors import UnavailableError
from policycortex_cli import watchdog
from policycortex_cli.forked_service import ForkedService, may_fork
from policycortex_cli.log_rotation import rotate_log
from policycortex_cli.process_memory import largest_process_bytes

_POLL_SECONDS: Final = 0.1
_START_SECONDS: Final = 120.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
_ROTATION_SECONDS: Final = 10.0
_STEP_SECONDS: Final = 3.0
"""A clock that is set back by more counts as a step; what a time service corrects gradually is less per round."""
_MAX_FAULTS: Final = 4  # consecutive: a code location that is being reloaded fails some checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One program to keep running."""

    name: str
    command: tuple[str, ...]
    module: str | None = None
    """The module that ``command`` runs. ``launch`` forks it from this process, which has it in memory; a restart runs
    the command, because this process has threads by then."""
    is_ready: Callable[[], bool]
    """Whether it can be used. Called ten times a second during the start, so it must be cheap."""
    grace_seconds: float = 3.0
    """Seconds between SIGTERM and SIGKILL."""
    find_fault: Callable[[], str | None] = lambda: None
    """Why it does not work; None while it works. Called every five seconds in a thread of its own, so it may wait, but
    it must end. A service with four faults in a row is restarted."""
    most_bytes: int | None = None
    """Memory that none of its processes may exceed. A service of which one does is restarted like one with a fault."""
    needs_steady_clock: bool = False
    """Whether it is ended, and started again, when the clock of the machine is set back."""


class StopRequest(Exception):  # noqa: N818 - not an error
    """A signal requested the end. Raised only while no child is being started."""


@dataclass(slots=True)
class _Check:
    """One check of a service, in a thread: a service that hangs must not delay the supervision of the others."""

    service: Service
    group: int
    needs_ready: bool
    is_ready: bool = False
    fault: str | None = None
    is_done: bool = False

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"check {self.service.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.is_ready = not self.needs_ready or self.service.is_ready()
            self.fault = self._find_fault() if self.is_ready else "it is not ready"
        except Exception as error:  # noqa: BLE001 - a check that fails in any way is a fault of the service
            self.fault = f"its check failed: {error}"
        self.is_done = True

    def _find_fault(self) -> str | None:
        most = self.service.most_bytes
        if most is not None and (used := largest_process_bytes(self.group)) > most:
            return f"it uses {used / 1e6:.0f} MB of memory, more than {most / 1e6:.0f} MB"
        return self.service.find_fault()


@dataclass(slots=True)
class _Child:
    service: Service
    process: subprocess.Popen[bytes] | ForkedService
    started_at: float
    failures: int = 0
    restart_at: float | None = None
    checked_at: float = 0.0
    ready_at: float | None = None
    """None until it is ready: a service that still loads must not be ended because it does not work yet."""
    faults: int = 0
    check: _Check | None = None
    """The check that is running."""


@dataclass(slots=True)
class Supervisor:
    """Owns the child processes. Everything runs in the main thread."""

    folder: Path
    """Working folder of the services."""
    logs: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]
    is_stopping: Callable[[], bool]
    """Called between steps; True ends ``await_ready`` and ``watch`` with StopRequest."""
    check_seconds: float = 5.0
    """Time between two checks of a service."""
    settling_seconds: float = 30.0
    """After a service is ready, others need time to notice it, on a busy machine more; faults count after that."""
    repair_times: Callable[[], None] = lambda: None
    """Called after the clock was set back, while the services that need a steady clock are ended."""
    clock: Callable[[], float] = time.time
    """The clock of the machine, as seconds since 1970."""
    _children: dict[str, _Child] = field(default_factory=dict)
    _watchdog: subprocess.Popen[bytes] | None = None
    _rotated_at: float = 0.0
    _clock_ahead: float | None = None
    """Seconds that the clock is ahead of the monotonic one."""

    def launch(self, *services: Service) -> None:
        """Start services, those with a module as forks of this process where it may fork."""
        for service in services:
            self._children[service.name] = self._spawn(service, is_first=True)

    def await_ready(self, *names: str) -> None:
        """Wait until these services are ready, or all that were launched.

        Raises UnavailableError that names the one that is not.
        """
        deadline = time.monotonic() + _START_SECONDS
        for name in names or tuple(self._children):
            self._wait_until_ready(self._children[name], deadline)

    def watch(self) -> None:
        """Restart services that end, after a pause that doubles with each early end. Ends only by StopRequest."""
        while True:
            self._pause()
            self._watch_clock()
            for child in self._children.values():
                self._supervise(child)
            self._rotate_logs()

    def stop(self) -> None:
        """End every child and wait for it: SIGTERM, after its grace period SIGKILL."""
        reaper = threading.Thread(target=self._reap_all)  # a zombie would count as living
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
                message = f"the {child.service.name} was not ready after {_START_SECONDS:.0f} s"
                raise UnavailableError(f"{message}; see {self._log_of(child.service)}")
            self._pause()

    def _pause(self) -> None:
        time.sleep(_POLL_SECONDS)
        if self.is_stopping():
            raise StopRequest

    def _rotate_logs(self) -> None:
        """Limit the logs. A full disk must not end the supervision: the next round tries again."""
        now = time.monotonic()
        if now - self._rotated_at < _ROTATION_SECONDS:
            return
        self._rotated_at = now
        for child in self._children.values():
            try:
                rotate_log(self._log_of(child.service))
            except OSError as error:
                self.say(f"the log of the {child.service.name} cannot be shortened: {error.strerror}")

    def _watch_clock(self) -> None:
        """Repair what names a time of the future when the clock was set back: a service would wait for that time."""
        begun = time.monotonic()
        ahead = self.clock() - begun
        if time.monotonic() - begun > 1.0:
            return  # this process was stopped between the two readings
        before, self._clock_ahead = self._clock_ahead, ahead
        if before is None or ahead > before - _STEP_SECONDS:
            return
        self.say(f"the clock was set back by {before - ahead:.0f} s; repairing what names a later time")
        for child in self._children.values():
            if child.service.needs_steady_clock:
                watchdog.end_groups({child.process.pid: child.service.grace_seconds})
        try:
            self.repair_times()
        except Exception as error:  # noqa: BLE001 - the next start repairs; the supervision must go on
            self.say(f"times ahead of the clock could not be corrected: {error}; restart the service")

    def _supervise(self, child: _Child) -> None:
        now = time.monotonic()
        if child.restart_at is None and child.process.poll() is not None:
            child.failures = 1 if now - child.started_at > _STEADY_SECONDS else child.failures + 1
            pause = min(2.0 ** (child.failures - 1), _LONGEST_PAUSE_SECONDS)
            child.restart_at = now + pause
            watchdog.end_groups({child.process.pid: 1.0})
            self._notify_watchdog("-", child.process.pid)
            self.say(f"the {child.service.name} ended with {child.process.returncode}; restarting it in {pause:.0f} s")
        elif child.restart_at is not None and now >= child.restart_at:
            started = self._spawn(child.service)
            child.process, child.started_at, child.restart_at = started.process, started.started_at, None
            child.ready_at, child.faults, child.check = None, 0, None
        elif child.restart_at is None:
            self._check(child, now)

    def _check(self, child: _Child, now: float) -> None:
        """Start a check when it is time, and judge one that has ended."""
        if child.check is None and now - max(child.checked_at, child.started_at) >= self.check_seconds:
            group = child.process.pid
            child.check = _Check(service=child.service, group=group, needs_ready=child.ready_at is None)
            child.check.start()
        elif child.check is not None and child.check.is_done:
            check, child.check, child.checked_at = child.check, None, now
            self._judge(child, check, now)

    def _judge(self, child: _Child, check: _Check, now: float) -> None:
        """End a service that runs but does not work; the next round restarts it."""
        if child.ready_at is None and (check.is_ready or now - child.started_at > _START_SECONDS):
            child.ready_at = now
        if child.ready_at is None or now - child.ready_at < self.settling_seconds:
            return
        child.faults = child.faults + 1 if check.fault else 0
        if child.faults >= _MAX_FAULTS:
            child.faults = 0
            self.say(
                f"the {child.service.name} does not work ({check.fault}; {_MAX_FAULTS} checks in a row); ending it"
            )
            watchdog.end_groups({child.process.pid: 1.0})

    def _spawn(self, service: Service, *, is_first: bool = False) -> _Child:
        with self._log_of(service).open("ab") as output:  # appending: see rotate_log
            module = service.module if is_first and may_fork() else None
            process = self._execute(service, output) if module is None else self._fork(module, service, output)
        self._notify_watchdog("+", process.pid)
        return _Child(service=service, process=process, started_at=time.monotonic())

    def _fork(self, module: str, service: Service, output: IO[bytes]) -> ForkedService:
        arguments = service.command[service.command.index(module) + 1 :]
        return ForkedService(module, arguments, folder=self.folder, output=output, environment=self.environment)

    def _execute(self, service: Service, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=dict(self.environment),
            start_new_session=True,
        )

    def _notify_watchdog(self, sign: str, group: int) -> None:
        if self._watchdog is None:
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", watchdog.__file__], stdin=subprocess.PIPE, start_new_session=True
            )
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{sign}{group}\n".encode())
            self._watchdog.stdin.flush()

    def _log_of(self, service: Service) -> Path:
        return self.logs / f"{service.name.replace(' ', '-')}.log"
