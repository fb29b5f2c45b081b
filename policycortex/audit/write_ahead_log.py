"""Acts on their way into the trail: on disk before they count as done, in the registry a moment later, in one batch.

A line for an act that is about to begin, one for its end. Whoever dies between leaves the file; the next process that
opens the folder takes it over: acts that ended are written as they ended, those that only began as ``unknown``.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from policycortex.audit.chain import AuditEvent, AuditOutcome
from policycortex.errors import UnavailableError
from policycortex.security.key_store import make_private_folder

EVERY_SECONDS: Final = 1.0
_MOST_WAITING: Final = 10_000
_LONGEST_BYTES: Final = 4 << 20
_FIELDS: Final = tuple(AuditEvent.__dataclass_fields__)

Append = Callable[..., None]
"""Takes acts, all or none; an entry that is there already is left out. Raises UnavailableError."""


class WriteAheadLog:
    """One process's file in the folder, and a thread that empties it through ``append``."""

    def __init__(self, folder: Path, append: Append, warn: Callable[[str], None]) -> None:
        self._folder, self._append, self._warn = folder, append, warn
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._begun: dict[str, AuditEvent] = {}
        self._ended: list[AuditEvent] = []
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._written = 0
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, act: AuditEvent) -> str:
        """Note that the act is about to happen; its entry's id, for ``end``. It may happen once ``sync`` has returned.

        Raises UnavailableError.
        """
        entry_id = secrets.token_hex(12)
        with self._lock:
            self._begun[entry_id] = act
            self._write("begun", replace(act, entry_id=entry_id))
        return entry_id

    def sync(self) -> None:
        """All that was noted is on disk: one wait for as many as began before it. Raises UnavailableError."""
        try:
            with self._lock:
                descriptor = self._open()
            os.fdatasync(descriptor)
        except OSError as error:
            raise self._unwritten(error) from error

    def end(self, act: AuditEvent, entry_id: str | None = None) -> None:
        """Note on disk how it ended; the registry has it within a moment. Raises UnavailableError."""
        told = replace(act, entry_id=entry_id or secrets.token_hex(12))
        with self._lock:
            self._begun.pop(entry_id or "", None)
            self._write("ended", told)
            self._ended.append(told)
            is_full = len(self._ended) >= _MOST_WAITING
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Everything that ended into the registry, now. Raises UnavailableError; it waits on then."""
        with self._flushing:
            with self._lock:
                batch, self._ended = self._ended, []
            if not batch:
                return
            try:
                self._append(*batch)
            except BaseException:
                with self._lock:
                    self._ended = batch + self._ended
                raise
            with self._lock:
                if not self._ended and (not self._begun or self._written > _LONGEST_BYTES):
                    self._shorten()

    def recover(self) -> int:
        """Take over what processes left that are no more; how many acts. Raises UnavailableError."""
        taken = 0
        for path in sorted(self._folder.glob("*.journal")):
            if path != self._path:
                taken += self._take_over(path)
        return taken

    def close(self) -> None:
        """Write the rest, end the thread, leave no file unless something could not be written."""
        self._is_closing.set()
        if self._thread is not None:
            self._thread.join()
        self._try_flush()
        with self._lock:
            if self._descriptor is not None:
                if self._path is not None and not self._ended and not self._begun:
                    self._path.unlink(missing_ok=True)
                os.close(self._descriptor)
                self._descriptor = None

    def _write(self, phase: str, act: AuditEvent) -> None:
        line = msgspec.json.encode({"phase": phase} | {name: getattr(act, name) for name in _FIELDS}) + b"\n"
        try:
            descriptor = self._open()
            self._written += os.write(descriptor, line)
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> UnavailableError:
        return UnavailableError(f"the audit trail cannot be written to {self._folder}: {error.strerror}")

    def _open(self) -> int:
        if self._descriptor is None:
            make_private_folder(self._folder)
            self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.journal"
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._thread = threading.Thread(target=self._run, name="audit-trail", daemon=True)
            self._thread.start()
        return self._descriptor

    def _shorten(self) -> None:
        """Begin the file anew with what is still on its way; acts in the registry need it no more."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        self._written = 0
        for entry_id, act in self._begun.items():
            self._write("begun", replace(act, entry_id=entry_id))

    def _take_over(self, path: Path) -> int:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return 0
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            acts = _read_acts(path)
            if acts:
                self._append(*acts)
            path.unlink(missing_ok=True)
            return len(acts)
        except BlockingIOError:
            return 0  # its process lives
        finally:
            os.close(descriptor)

    def _run(self) -> None:
        while not self._is_closing.wait(EVERY_SECONDS):
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except UnavailableError as error:
            self._warn(f"the audit trail waits in {self._path}: {error}")


def _read_acts(path: Path) -> list[AuditEvent]:
    """The last word on each act, in the order they were begun; a line that was cut by the crash never was."""
    acts: dict[str, AuditEvent] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            said: Mapping[str, Any] = json.loads(line)
        except ValueError:
            continue
        values = {name: value for name, value in said.items() if name != "phase"}
        outcome = AuditOutcome.UNKNOWN if said["phase"] == "begun" else AuditOutcome(values["outcome"])
        values |= {"at": datetime.fromisoformat(values["at"]), "outcome": outcome}
        acts[values["entry_id"]] = AuditEvent(**values)
    return list(acts.values())
