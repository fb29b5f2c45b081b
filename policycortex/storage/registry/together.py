"""Short writes of several threads in one transaction: whoever waits for the disk waits once, with all the others."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from policycortex.errors import PolicyCortexError, UnavailableError

_MOST_AT_ONCE: Final = 100
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Waiting:
    """One caller's work."""

    work: Callable[[Connection], Any]
    order: str
    is_taken: bool = False
    is_done: bool = False
    result: Any = None
    error: UnavailableError | None = None


class Together:
    """While one transaction is on its way to the disk, the next callers gather for the one after it.

    Nobody waits for others to come: a caller who is alone is served as if this were not here.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._waiting: list[_Waiting] = []
        self._adding, self._at_work = threading.Lock(), threading.Lock()

    def run(self, work: Callable[[Connection], _Result], *, order: str) -> _Result:
        """The result of ``work``, committed. Raises what it raises; then nothing of it is kept.

        ``work`` may be called twice, so it changes nothing but the database. Works of one transaction are called in
        the order of ``order``, which names the rows they lock: two processes must come to them in the same one.
        """
        mine = _Waiting(work, order)
        with self._adding:
            self._waiting.append(mine)
        with self._at_work:
            if not mine.is_taken:
                self._run_waiting()
            if mine.error is not None:
                raise mine.error
            if not mine.is_done:
                with self._begin() as connection:
                    return work(connection)
        result: _Result = mine.result
        return result

    def _run_waiting(self) -> None:
        """Done all, or none; then each is left to its caller, so that one that cannot be done hinders no other."""
        with self._adding:
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
        batch.sort(key=lambda each: each.order)
        for each in batch:
            each.is_taken = True
        if len(batch) == 1:
            return
        try:
            with self._begin() as connection:
                results = [each.work(connection) for each in batch]
        except UnavailableError as error:
            for each in batch:
                each.error = error  # the database is away for all of them
            return
        except (PolicyCortexError, SQLAlchemyError):
            return
        for each, result in zip(batch, results, strict=True):
            each.result, each.is_done = result, True
