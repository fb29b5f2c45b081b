"""Reads independent parts of a report in a second thread: DuckDB and Polars compute without holding the interpreter."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

from policycortex.requests.model import ReportRequest
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.report_days import days_of_request

MOST_FINDINGS: Final = 200_000
"""Findings of the files that are read. DuckDB's memory limit holds for all statements of a process together, so that
larger reports run theirs one after another."""

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def second_reader(lake: Lake, request: ReportRequest) -> Iterator[Executor]:
    """Runs what is submitted in a second thread; for a large report, or with one core, at once in the caller's.

    The lake must stay at a snapshot, so that all readings see the same rows. After an error nothing new is started.
    """
    first, last = days_of_request(lake.session.settings, request)
    findings = lake.imports.count_findings(request.scope.organization, first, last)
    is_together = findings <= MOST_FINDINGS and len(os.sched_getaffinity(0)) > 1
    executor: Executor = ThreadPoolExecutor(1, thread_name_prefix="reader") if is_together else _AtOnce()
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
