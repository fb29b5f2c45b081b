"""Waiting for one slow thing that serves many at once, such as the disk: a hop to a thread for all, not for each."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class SharedWait:
    """Runs ``work`` in a thread of its own for all who wait when it starts; who comes later needs the next one."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="shared-wait")
        self._next: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Until ``work`` has begun after now and ended. Raises what it raises, to all who waited for it."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._run())
        # one caller who goes away must not end it for the others
        await asyncio.shield(self._next)

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown()

    async def _run(self) -> None:
        async with self._turn:
            self._next = None
            await asyncio.get_running_loop().run_in_executor(self._pool, self._work)
