"""Identifies a worker process by boot id, process id and start time, so that its state can be checked later."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TAG_WORKER: Final = ".dagster/policycortex_worker"
"""Run tag with the identity of the process that executes the run. Dagster shows no tag of this prefix to people."""
_FORMER_TAG: Final = "policycortex/worker"
"""Of runs that an earlier version started. A retry copies it from such a run, so the other one is read first."""

_START_FIELD: Final = 19
_STATE_FIELD: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerIdentity:
    """One process of one boot. The process id alone does not identify it, because the kernel reuses ids."""

    boot_id: str
    pid: int
    started_ticks: int
    """Clock ticks from boot to the start of the process, as the kernel reports them."""

    @classmethod
    def of_process(cls, pid: int) -> "WorkerIdentity":
        """Identity of the process that has this id now. Raises ProcessLookupError when there is none."""
        state = _process_state(pid)
        if state is None:
            raise ProcessLookupError(pid)
        return cls(boot_id=_boot_id(), pid=pid, started_ticks=int(state[_START_FIELD]))

    @classmethod
    def from_tag(cls, tag: str) -> "WorkerIdentity":
        """Parse a value of TAG_WORKER."""
        boot_id, pid, ticks = tag.split(":")
        return cls(boot_id=boot_id, pid=int(pid), started_ticks=int(ticks))

    @classmethod
    def of_run(cls, tags: Mapping[str, str]) -> "WorkerIdentity | None":
        """The process that executes the run with these tags; None before its start."""
        tag = tags.get(TAG_WORKER) or tags.get(_FORMER_TAG)
        return cls.from_tag(tag) if tag else None

    def to_tag(self) -> str:
        """The value of TAG_WORKER."""
        return f"{self.boot_id}:{self.pid}:{self.started_ticks}"

    def is_alive(self) -> bool:
        """Whether exactly this process still runs. A zombie does not count as alive."""
        state = _process_state(self.pid) if self.boot_id == _boot_id() else None
        return state is not None and state[_STATE_FIELD] not in "ZX" and int(state[_START_FIELD]) == self.started_ticks

    def send_signal(self, number: int) -> bool:
        """Send a signal if exactly this process still runs; False when it does not."""
        if not self.is_alive():
            return False
        os.kill(self.pid, number)
        return True


def current_worker() -> WorkerIdentity:
    """Identity of the calling process."""
    return WorkerIdentity.of_process(os.getpid())


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _process_state(pid: int) -> list[str] | None:
    # The second field is the program's name and may contain any character; the fields after its last parenthesis are
    # separated by spaces.
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
