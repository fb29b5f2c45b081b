"""Short reads of the registry: a local file's where the request is worked on, a server's in a few threads."""

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
    """Where a read of a few rows happens.

    A read of a local file takes less than the way to a thread and back, and readers of SQLite's WAL never wait for a
    writer; in threads that fight for one interpreter it took a third more (decision 0030). A database server may be
    slow to answer, so it is asked in a small pool of its own: work that waits for Dagster or disks never stands
    before a list, and a plain pool's hop costs half of anyio's.
    """

    def __init__(self, is_local: Callable[[], bool]) -> None:
        self._is_local = is_local
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="quick-read")

    async def run(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of ``read``, which costs the same however much the registry holds."""
        if self._is_local():
            return read(*args, **kwargs)
        return await self.run_apart(read, *args, **kwargs)

    async def run_apart(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The same in a thread, for a read that may take long, such as a search."""
        work = partial(copy_context().run, partial(read, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the threads, after what they are reading."""
        self._pool.shutdown()
