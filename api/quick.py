"""Short reads of the registry, few at a time: sixteen threads that fight for one interpreter do less than four."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

_AT_ONCE: Final = 4

_P = ParamSpec("_P")
_T = TypeVar("_T")


class QuickReads:
    """A small pool of its own, so that work which waits for Dagster or disks never stands before a list.

    A plain pool, not anyio's threads: those cost twice as much for each hop, and a hop is a tenth of a read.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="quick-read")

    async def run(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of ``read``, made in a thread."""
        work = partial(copy_context().run, partial(read, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the threads, after what they are reading."""
        self._pool.shutdown()
