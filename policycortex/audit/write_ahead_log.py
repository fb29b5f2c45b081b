"""The write-ahead log of audit events: an event is on disk before it counts as done, and a thread moves it on.

There is one line for an event that is about to begin and one for its end. A process that dies leaves its file. The next
process that opens the folder recovers it: events that ended are written as they ended, the others as ``unknown``.
"""

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
from filelock import FileLock, Timeout

from policycortex.audit.chain import AuditEvent, AuditOutcome
from policycortex.errors import UnavailableError
from policycortex.security.key_store import make_private_folder

EVERY_SECONDS: Final = 1.0
_MOST_WAITING: Final = 10_000
_LONGEST_BYTES: Final = 4 << 20
_FIELDS: Final = tuple(AuditEvent.__dataclass_fields__)

Append = Callable[..., None]
"""Writes events to the registry, all or none, and skips entries that are there. Raises UnavailableError."""


class WriteAheadLog:
    """One process's file in the folder, and a thread that moves its events to the registry through ``append``."""

    def __init__(self, folder: Path, append: Append, warn: Callable[[str], None]) -> None:
        self._folder, self._append, self._warn = folder, append, warn
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._begun: dict[str, AuditEvent] = {}
        self._ended: list[AuditEvent] = []
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._owner: FileLock | None = None
        self._written = 0
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, event: AuditEvent) -> str:
        """Write that the event is about to happen. Returns the entry's id for ``end``.

        The event may happen once ``sync`` has returned. Raises UnavailableError.
        """
        entry_id = secrets.token_hex(12)
        with self._lock:
            self._begun[entry_id] = event
            self._write("begun", replace(event, entry_id=entry_id))
        return entry_id

    def sync(self) -> None:
        """Wait until everything written before this call is on disk. Raises UnavailableError."""
        try:
            with self._lock:
                descriptor = self._open()
            os.fdatasync(descriptor)
        except OSError as error:
            raise self._write_error(error) from error

    def end(self, event: AuditEvent, entry_id: str | None = None) -> None:
        """Write how the event ended; it is in the registry within about a second. Raises UnavailableError."""
        ended = replace(event, entry_id=entry_id or secrets.token_hex(12))
        with self._lock:
            self._begun.pop(entry_id or "", None)
            self._write("ended", ended)
            self._ended.append(ended)
            is_full = len(self._ended) >= _MOST_WAITING
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Write all ended events to the registry now. Raises UnavailableError; the events are then kept."""
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
                    self._truncate()

    def recover(self) -> int:
        """Write the events that dead processes left. Returns how many. Raises UnavailableError."""
        recovered = 0
        for path in sorted(self._folder.glob("*.journal")):
            if path != self._path:
                recovered += self._recover_file(path)
        return recovered

    def close(self) -> None:
        """Write the rest and end the thread; the file is deleted unless an event could not be written."""
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
            if self._owner is not None:
                _release(self._owner)
                self._owner = None

    def _write(self, phase: str, event: AuditEvent) -> None:
        line = msgspec.json.encode({"phase": phase} | {name: getattr(event, name) for name in _FIELDS}) + b"\n"
        try:
            descriptor = self._open()
            self._written += os.write(descriptor, line)
        except OSError as error:
            raise self._write_error(error) from error

    def _write_error(self, error: OSError) -> UnavailableError:
        return UnavailableError(f"the audit log cannot be written to {self._folder}: {error.strerror}")

    def _open(self) -> int:
        if self._descriptor is None:
            make_private_folder(self._folder)
            self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.journal"
            self._owner = _owner_lock(self._path)
            self._owner.acquire()  # before the file exists, so that no other process recovers it
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._thread = threading.Thread(target=self._run, name="audit-trail", daemon=True)
            self._thread.start()
        return self._descriptor

    def _truncate(self) -> None:
        """Start the file again with the events that have begun; the registry holds all others."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        self._written = 0
        for entry_id, event in self._begun.items():
            self._write("begun", replace(event, entry_id=entry_id))

    def _recover_file(self, path: Path) -> int:
        owner = _owner_lock(path)
        try:
            owner.acquire()
        except Timeout:
            return 0  # its process is alive
        try:
            events = _read_events(path)
            if events:
                self._append(*events)
            path.unlink(missing_ok=True)
            return len(events)
        except FileNotFoundError:
            return 0  # another process recovered it
        finally:
            _release(owner)

    def _run(self) -> None:
        while not self._is_closing.wait(EVERY_SECONDS):
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except UnavailableError as error:
            self._warn(f"audit events wait in {self._path}: {error}")


def _owner_lock(path: Path) -> FileLock:
    """The lock that the process of this file holds; the operating system releases it when the process dies."""
    return FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600, thread_local=False)


def _release(owner: FileLock) -> None:
    owner.release()
    Path(owner.lock_file).unlink(missing_ok=True)


def _read_events(path: Path) -> list[AuditEvent]:
    """The last state of each event, in the order in which they began; an incomplete line is ignored."""
    events: dict[str, AuditEvent] = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            entry: Mapping[str, Any] = json.loads(line)
        except ValueError:
            continue
        values = {name: value for name, value in entry.items() if name != "phase"}
        outcome = AuditOutcome.UNKNOWN if entry["phase"] == "begun" else AuditOutcome(values["outcome"])
        values |= {"at": datetime.fromisoformat(values["at"]), "outcome": outcome}
        events[values["entry_id"]] = AuditEvent(**values)
    return list(events.values())
