"""A round of sending from a queue: several groups at the same time, the entries of one group one after the other."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from enum import Enum
from time import monotonic
from typing import Final, TypeVar

from policycortex.channels.connection_settings import Connection
from policycortex.channels.time_limit import exchange_seconds

_MOST_SECONDS: Final = 60.0
"""After this time the other entries wait for the next round."""
_RowT = TypeVar("_RowT")


class RoundOutcome(Enum):
    """What became of one entry in this round."""

    SENT = "sent"
    ENDED = "ended"
    """Not sent, and not to be sent again."""
    AGAIN = "again"
    """To be sent again: the others of its group wait for the next round."""


def run_sending_round(
    claim: Callable[[set[str]], _RowT | None],
    send: Callable[[_RowT], RoundOutcome],
    *,
    group_of: Callable[[_RowT], str],
    most_at_once: int,
    name: str,
) -> int:
    """Claim and send until nothing is due or the time limit is reached; how many were sent.

    ``claim`` gets the groups that it must leave out. ``name`` is that of the threads.
    """
    end, sent_count = monotonic() + _MOST_SECONDS, 0
    resting: set[str] = set()
    running: dict[Future[RoundOutcome], str] = {}
    with ThreadPoolExecutor(max_workers=most_at_once, thread_name_prefix=name) as pool:
        while True:
            is_open = len(running) < most_at_once and monotonic() < end
            row = claim(resting.union(running.values())) if is_open else None
            if row is not None:
                running[pool.submit(send, row)] = group_of(row)
                continue
            if not running:
                return sent_count
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                group, outcome = running.pop(future), future.result()
                sent_count += outcome is RoundOutcome.SENT
                if outcome is RoundOutcome.AGAIN:
                    resting.add(group)


def claim_lease(connections: Iterable[Connection]) -> timedelta:
    """How long a claim holds: longer than any exchange over these connections may take."""
    seconds = [exchange_seconds(each.timeout_seconds, 0) for each in connections]
    return timedelta(seconds=60 + max(seconds, default=0))
