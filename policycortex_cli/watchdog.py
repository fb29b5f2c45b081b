"""Ends the services of a supervisor that was killed (SIGKILL, out of memory). Standard library only.

Runs as a script with a pipe on stdin whose other end only the supervisor has. Lines ``+PGID`` and ``-PGID`` name the
process groups that started and ended. At end of file the supervisor has ended, and the remaining groups are ended.
"""

import os
import signal
import sys
import time

_GRACE_SECONDS = 5.0


def main() -> None:
    """Read the pipe to its end, then end the remaining groups."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        groups.add(group) if line[0] == "+" else groups.discard(group)
    end_groups(dict.fromkeys(groups, _GRACE_SECONDS))


def end_groups(graces: dict[int, float]) -> None:
    """Send SIGTERM to each group, and SIGKILL to those that still live after their grace period in seconds."""
    started = time.monotonic()
    living = {group for group in graces if _signal_group(group, signal.SIGTERM)}
    while living:
        time.sleep(0.05)
        late = {group for group in living if time.monotonic() - started > graces[group]}
        for group in late:
            _signal_group(group, signal.SIGKILL)
        living = {group for group in living - late if _signal_group(group, 0)}


def _signal_group(group: int, number: int) -> bool:
    """Returns False when the group has no process any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
