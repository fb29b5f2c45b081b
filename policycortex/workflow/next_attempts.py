"""When what could not be sent now is sent again, and the words for giving it up."""

import random
from datetime import datetime

from policycortex.delivery.retrying import MOST_ATTEMPTS, next_attempt_at


def plan_next_attempt(
    attempts: int, reason: str, *, now: datetime, retry_after_seconds: float | None = None
) -> tuple[datetime | None, str]:
    """Time of the next attempt after ``attempts`` failed ones, and the reason to note; None if it was the last one."""
    jitter = random.random()  # noqa: S311 - it spreads load and protects nothing
    again = next_attempt_at(attempts, now=now, jitter=jitter, retry_after_seconds=retry_after_seconds)
    if again is None:
        return None, f"given up after {MOST_ATTEMPTS} attempts; the last error: {reason}"
    return again, reason
