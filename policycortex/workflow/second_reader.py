"""Reads independent parts of a report in a second thread: DuckDB and Polars compute without holding the interpreter."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

MOST_FINDINGS: Final = 200_000
"""Of the files that a report reads. DuckDB's memory limit holds for all statements of a process together, so that
larger reports run theirs one after another."""

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def second_reader(findings: int) -> Iterator[Executor]:
    """Runs what is submitted in a second thread; with many ``findings``, or with one core, at once in the caller's.

    The caller reads meanwhile. After an error nothing new is started, and what runs ends first.
    """
    is_beside = findings <= MOST_FINDINGS and len(os.sched_getaffinity(0)) > 1
    executor: Executor = ThreadPoolExecutor(1, thread_name_prefix="second-reader") if is_beside else _AtOnce()
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


class _AtOnce(Executor):
    """Runs each call when it is submitted, in the thread that submits it. An error is raised there."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A future that is done."""
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done
