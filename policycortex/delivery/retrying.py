"""When a delivery is tried again, when it is given up, and when a destination is left in peace for a while. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policycortex.channels.model import Channel

MOST_ATTEMPTS: Final = 14
"""With the delays below the last comes some 26 hours after the first: a day and a night of a mail server's trouble."""

_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=6)
_BREAKS_AFTER: Final = 5
_PAUSE: Final = timedelta(minutes=5)


def next_attempt_at(
    attempts: int, *, now: datetime, jitter: float, retry_after_seconds: float | None = None
) -> datetime | None:
    """When to try after ``attempts`` failed ones: 30 s doubled each time up to 6 h, less up to a quarter by ``jitter``.

    ``jitter`` is a random number in [0, 1). The receiver's own word counts where it asks for more, up to the longest
    delay. None: it has been tried often enough.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    delay: timedelta = min(_FIRST_DELAY * int(2 ** (attempts - 1)), _LONGEST_DELAY)
    delay -= delay / 4 * jitter
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, _LONGEST_DELAY.total_seconds()))
    return now + max(delay, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One past attempt at a connection: when it ended, and whether the other side could be spoken with."""

    at: datetime
    is_reached: bool


def is_reached(channel: Channel, outcome: str) -> bool:
    """Whether an attempt that ended so says that its destination works.

    A mail server that defers one recipient (greylisting) works; a receiver of calls or files that defers is in trouble.
    """
    in_trouble = {"unreached", "lost"} if channel is Channel.EMAIL else {"unreached", "lost", "deferred"}
    return outcome not in in_trouble


def paused_until(recent: Sequence[Outcome], *, now: datetime) -> datetime | None:
    """Circuit breaker: after five attempts in a row that reached nobody, one probe each five minutes.

    ``recent`` is newest first. None: go on. Deliveries that wait meanwhile lose no attempt of theirs.
    """
    row = recent[:_BREAKS_AFTER]
    if len(row) < _BREAKS_AFTER or any(outcome.is_reached for outcome in row):
        return None
    until = row[0].at + _PAUSE
    return until if until > now else None
