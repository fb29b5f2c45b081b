"""The second thread of a report: only where memory allows it, and errors reach the caller."""

import os
import threading

import pytest

from policycortex.errors import UnavailableError
from policycortex.workflow.second_reader import MOST_FINDINGS, second_reader


@pytest.mark.parametrize(
    ("findings", "cores", "is_beside"), [(MOST_FINDINGS, 2, True), (MOST_FINDINGS + 1, 2, False), (0, 1, False)]
)
def test_large_reports_and_single_cores_read_in_one_thread(
    monkeypatch: pytest.MonkeyPatch, findings: int, cores: int, is_beside: bool
) -> None:
    """Two statements at once need twice the memory, and gain nothing on one core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    with second_reader(findings) as reader:
        found = reader.submit(threading.get_ident)
        assert (found.result() != threading.get_ident()) is is_beside


@pytest.mark.parametrize("findings", [0, MOST_FINDINGS + 1])
def test_an_error_of_the_second_reader_reaches_the_caller(findings: int) -> None:
    """Where its result is asked for, or where it is submitted."""

    def fail() -> None:
        raise UnavailableError("the lake could not be read")

    with pytest.raises(UnavailableError, match="could not be read"), second_reader(findings) as reader:
        reader.submit(fail).result()


def test_after_an_error_of_the_caller_nothing_new_is_started() -> None:
    """What runs ends before the lake is closed; what waits is cancelled."""
    is_running, may_end, ended = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        is_running.set()
        may_end.wait(10)
        ended.append("first")

    def leave() -> None:
        with second_reader(0) as reader:
            reader.submit(work)
            reader.submit(ended.append, "second")
            assert is_running.wait(10)
            threading.Timer(0.05, may_end.set).start()
            raise UnavailableError("the lake could not be read")

    with pytest.raises(UnavailableError):
        leave()
    assert ended == ["first"]
