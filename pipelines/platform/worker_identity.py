"""Who executes a run, told so that anybody on the machine can check it later, without heartbeats."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TAG_WORKER: Final = "policycortex/worker"

_START_FIELD: Final = 19
_STATE_FIELD: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process of one boot. A process id alone is not enough: ids are given again."""

    boot_id: str
    pid: int
    started_ticks: int
    """Clock ticks from boot to the process's start, as the kernel tells."""

    @classmethod
    def of_process(cls, pid: int) -> "Worker":
        """The worker that runs as ``pid`` now. Raises ProcessLookupError when there is none."""
        state = _process_state(pid)
        if state is None:
            raise ProcessLookupError(pid)
        return cls(boot_id=_boot_id(), pid=pid, started_ticks=int(state[_START_FIELD]))

    @classmethod
    def from_tag(cls, tag: str) -> "Worker":
        """The value of TAG_WORKER made a worker again."""
        boot_id, pid, ticks = tag.split(":")
        return cls(boot_id=boot_id, pid=int(pid), started_ticks=int(ticks))

    def to_tag(self) -> str:
        """The value of TAG_WORKER."""
        return f"{self.boot_id}:{self.pid}:{self.started_ticks}"

    def is_alive(self) -> bool:
        """Whether exactly this process still runs; a dead one that nobody waited for is dead."""
        state = _process_state(self.pid) if self.boot_id == _boot_id() else None
        return state is not None and state[_STATE_FIELD] not in "ZX" and int(state[_START_FIELD]) == self.started_ticks

    def send_signal(self, number: int) -> bool:
        """Signal the process if it is still this one; False when it is gone."""
        if not self.is_alive():
            return False
        os.kill(self.pid, number)
        return True


def this_worker() -> Worker:
    """The process that asks."""
    return Worker.of_process(os.getpid())


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _process_state(pid: int) -> list[str] | None:
    # The second field is the program's name and may hold anything; what follows its last parenthesis is plain.
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
