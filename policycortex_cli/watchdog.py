"""Ends the services of a supervisor that died without a word (SIGKILL, out of memory). Standard library only.

Run as a script with a pipe on stdin whose writing end only the supervisor holds. Lines ``+PGID`` and ``-PGID`` tell
which process groups live; end of file means the supervisor is gone, and what lives then is ended.
"""

import os
import signal
import sys
import time

_GRACE_SECONDS = 5.0


def main() -> None:
    """Follow the pipe to its end, then end every group still told of."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        groups.add(group) if line[0] == "+" else groups.discard(group)
    end_groups(dict.fromkeys(groups, _GRACE_SECONDS))


def end_groups(graces: dict[int, float]) -> None:
    """SIGTERM to each group, SIGKILL to those that still live after their grace in seconds."""
    started = time.monotonic()
    living = {group for group in graces if _signal_group(group, signal.SIGTERM)}
    while living:
        time.sleep(0.05)
        late = {group for group in living if time.monotonic() - started > graces[group]}
        for group in late:
            _signal_group(group, signal.SIGKILL)
        living = {group for group in living - late if _signal_group(group, 0)}


def _signal_group(group: int, number: int) -> bool:
    """False where no process of the group is left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
