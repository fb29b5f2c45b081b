"""Short reads of the registry, few at a time: sixteen threads that fight for one interpreter do less than four."""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

_AT_ONCE: Final = 4

_P = ParamSpec("_P")
_T = TypeVar("_T")


class QuickReads:
    """A small pool of its own, so that work which waits for Dagster or disks never stands before a list."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None

    async def run(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of ``read``, made in a thread."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(_AT_ONCE)  # belongs to the loop that serves
        return await to_thread.run_sync(lambda: read(*args, **kwargs), limiter=self._limiter)
