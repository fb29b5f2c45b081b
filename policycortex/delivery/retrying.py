"""When a delivery is tried again, when it is given up, and when a destination is paused. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST_ATTEMPTS: Final = 14
"""With the delays below, the last attempt is about 26 hours after the first: a mail server may fail for a day."""

_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=6)
_BREAKS_AFTER: Final = 5
_PAUSE: Final = timedelta(minutes=5)


def next_attempt_at(
    attempts: int, *, now: datetime, jitter: float, retry_after_seconds: float | None = None
) -> datetime | None:
    """Time of the next attempt after ``attempts`` failed ones: 30 s, doubled each time up to 6 h, minus the jitter.

    ``jitter`` is a random number in [0, 1); 1 stands for a quarter of the delay. ``retry_after_seconds`` is what the
    receiver asked for; it counts if it is longer, up to 6 h. None: no further attempt.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    delay: timedelta = min(_FIRST_DELAY * int(2 ** (attempts - 1)), _LONGEST_DELAY)
    delay -= delay / 4 * jitter
    requested = timedelta(seconds=min(retry_after_seconds or 0.0, _LONGEST_DELAY.total_seconds()))
    return now + max(delay, requested)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One past attempt at a connection: when it ended, and whether the receiver was reached."""

    at: datetime
    is_reached: bool


def is_reached(outcome: str, *, defers_single_targets: bool) -> bool:
    """Whether an attempt with this outcome shows that its receiver works.

    A mail server that defers one recipient (greylisting) works; any other receiver that defers is in trouble.
    """
    if outcome == "deferred":
        return defers_single_targets
    return outcome not in {"unreached", "lost"}


def paused_until(recent: Sequence[Outcome], *, now: datetime) -> datetime | None:
    """Circuit breaker: after five attempts in a row that did not reach the receiver, one attempt per five minutes.

    ``recent`` is newest first. None: not paused. Waiting does not count as an attempt of a delivery.
    """
    newest = recent[:_BREAKS_AFTER]
    if len(newest) < _BREAKS_AFTER or any(outcome.is_reached for outcome in newest):
        return None
    until = newest[0].at + _PAUSE
    return until if until > now else None
