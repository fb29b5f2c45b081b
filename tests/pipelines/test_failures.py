"""Core errors on their way to Dagster."""

import os
import signal
import threading

import dagster as dg
import duckdb
import pytest

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures, is_last_attempt
from pipelines.resources import CoreResource
from policycortex.errors import InputError, PolicyCortexError, Problem, RequestError, StoreBusyError

CORE = CoreResource()


def failure_of(error: Exception, core: CoreResource = CORE) -> dg.Failure:
    """What Dagster gets of it."""
    with pytest.raises(dg.Failure) as caught, core_errors_as_failures(core):
        raise error
    return caught.value


@pytest.mark.parametrize(("error", "expected"), [(InputError("cut"), False), (StoreBusyError("locked"), True)])
def test_only_what_the_core_calls_retryable_is_tried_again(error: PolicyCortexError, expected: bool) -> None:
    """The message and code stand on the failure."""
    failure = failure_of(error)
    assert failure.allow_retries is expected
    assert failure.description == str(error)
    assert failure.metadata["code"].value == error.code


def test_what_nobody_foresaw_is_not_tried_again() -> None:
    """The failure has its type and message."""
    failure = failure_of(ZeroDivisionError("a bug"))
    assert not failure.allow_retries
    assert failure.description == "Unexpected error, so not retried: ZeroDivisionError: a bug"


def test_an_interrupt_is_final() -> None:
    """Dagster would try it again under a retry policy: a canceled run would go on."""
    with pytest.raises(dg.Failure, match="canceled") as caught, core_errors_as_failures(CORE):
        raise dg.DagsterExecutionInterruptedError
    assert not caught.value.allow_retries


def test_an_interrupt_within_a_query_is_final() -> None:
    """DuckDB ends the query with an error of its own, whose context is the interrupt."""

    def interrupt(_number: int, _frame: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    sender = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))

    def query() -> None:
        with duckdb.connect() as connection, core_errors_as_failures(CORE):
            sender.start()
            connection.execute("SELECT count(*) FROM range(100000000) a, range(1000) b WHERE a.range % 7 = b.range % 5")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(dg.Failure, match="canceled") as caught:
            query()
    finally:
        sender.join()
        signal.signal(signal.SIGINT, before)
    assert not caught.value.allow_retries
    assert isinstance(caught.value.__cause__, dg.DagsterExecutionInterruptedError)


def test_at_a_terminal_nothing_is_tried_again() -> None:
    """A person waits; the core was patient already."""
    assert not failure_of(StoreBusyError("locked"), CoreResource(is_retrying=False)).allow_retries


def test_every_detail_of_a_request_error_is_shown() -> None:
    """As a list in the failure's metadata."""
    problems = (Problem(field="name", message="missing"), Problem(field="type", message="unknown"))
    failure = failure_of(RequestError("refused", details=problems))
    assert failure.metadata["details"].value == "- `name`: missing\n- `type`: unknown"


def test_the_last_attempt_is_known() -> None:
    """The report is failed then, and not before."""
    transient = failure_of(StoreBusyError("locked"))
    assert [is_last_attempt(transient, n) for n in range(RETRY_TRANSIENT.max_retries + 1)] == [
        False,
        False,
        False,
        True,
    ]
    assert is_last_attempt(failure_of(InputError("cut")), 0)
