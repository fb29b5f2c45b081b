"""``Prefer: wait=N``: respond when the work has ended, or after N seconds. No thread is held meanwhile."""

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import Header
from starlette.concurrency import run_in_threadpool

_Value = TypeVar("_Value")

_LONGEST_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.25
_WAIT: Final = re.compile(r'(?:^|[,;\s])wait="?(\d{1,6})"?(?:$|[,;\s])')


Preference = Annotated[str | None, Header(max_length=200, description="`wait=N`: wait up to N seconds, 60 at most")]


def preferred_seconds(prefer: str | None) -> int:
    """Seconds to wait; 0 without a preference. Unknown preferences are ignored, as RFC 7240 says."""
    found = _WAIT.search(prefer) if prefer else None
    return min(int(found.group(1)), _LONGEST_SECONDS) if found else 0


async def wait_until(read: Callable[[], _Value], is_ended: Callable[[_Value], bool], seconds: int) -> _Value:
    """What ``read`` gives as soon as it has ended, or as it is after ``seconds``. Raises what ``read`` raises."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        value = await run_in_threadpool(read)
        remaining = until - loop.time()
        if remaining <= 0 or is_ended(value):
            return value
        await asyncio.sleep(min(_POLL_SECONDS, remaining))
