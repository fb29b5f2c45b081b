"""Many requests wait for the disk at once; the disk is asked twice."""

import asyncio
import threading

import pytest

from api.platform.shared_wait import SharedWait
from policycortex.errors import UnavailableError


def test_who_comes_while_it_works_shares_the_next_one() -> None:
    """Two works for six callers: the first caller's, and one that began after the other five had come."""
    started, release, calls = threading.Event(), threading.Event(), []

    def work() -> None:
        calls.append("x")
        started.set()
        assert release.wait(120)

    async def ask() -> None:
        shared = SharedWait(work)
        first = asyncio.create_task(shared.wait())
        await asyncio.to_thread(started.wait, 120)
        others = [asyncio.create_task(shared.wait()) for _ in range(5)]
        await asyncio.sleep(0)
        assert len(calls) == 1
        release.set()
        await asyncio.gather(first, *others)
        shared.close()

    asyncio.run(ask())
    assert len(calls) == 2


def test_all_who_waited_hear_of_a_failure_and_the_next_tries_again() -> None:
    """One who gives up takes nothing from the others."""
    answers = [UnavailableError("the disk is full"), None]

    def work() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    async def ask() -> None:
        shared = SharedWait(work)
        gone, left = asyncio.create_task(shared.wait()), asyncio.create_task(shared.wait())
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(UnavailableError):
            await left
        await shared.wait()
        shared.close()

    asyncio.run(ask())
    assert answers == []
