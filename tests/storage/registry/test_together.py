"""Orders that come at the same time: one transaction for all, and one bad one spoils no other."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from policycortex.errors import NotFoundError, UnavailableError
from policycortex.names import ReportType
from policycortex.storage.registry import Registry, open_registry
from tests.ground import Backend


@pytest.fixture
def registry(ground: Backend, tmp_path: Path) -> Iterator[Registry]:
    """An empty one that knows its organisation."""
    opened = open_registry(ground.settings(tmp_path))
    _order(opened, "rpt_first")
    yield opened
    opened.close()


def _order(registry: Registry, report_id: str, name: str = "x") -> str:
    made = registry.create_report(
        organization="default",
        name=name,
        type=ReportType.AUDIT,
        framework="soc2",
        description="",
        order={},
        report_id=report_id,
    )
    return made.id


def _at_once(registry: Registry, works: Sequence[Callable[[], str]]) -> list[str | Exception]:
    """What the works came to, all having waited for the same transaction."""
    found: list[str | Exception] = [""] * len(works)

    def run(number: int) -> None:
        try:
            found[number] = works[number]()
        except (IntegrityError, NotFoundError, UnavailableError) as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    with registry._together._at_work:
        for thread in threads:
            thread.start()
        until = time.monotonic() + 120
        while len(registry._together._waiting) < len(works):
            assert time.monotonic() < until
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    return found


def test_many_orders_are_one_transaction(registry: Registry) -> None:
    """Eight orders, one commit; each caller gets its own row, and the tally counts them all."""
    commits: list[object] = []
    event.listen(registry._engine, "commit", commits.append)
    ids = [f"rpt_{number}" for number in range(8)]
    assert _at_once(registry, [partial(_order, registry, id_) for id_ in ids]) == ids
    assert len(commits) == 1
    assert registry.list_reports("default").total == 9


def test_one_that_cannot_be_kept_hinders_no_other(registry: Registry) -> None:
    """An id that is taken: its caller hears of it, the other seven are there, once."""
    ids = [f"rpt_{number}" for number in range(7)]
    found = _at_once(registry, [partial(_order, registry, id_) for id_ in [*ids, "rpt_first"]])
    assert found[:7] == ids
    assert isinstance(found[7], IntegrityError)
    assert registry.list_reports("default").total == 8


def test_when_the_database_is_away_all_hear_it(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is tried again one by one, which would take as many patiences as there are callers."""
    tried: list[str] = []

    def fail(*_arguments: object) -> None:
        tried.append("x")
        raise UnavailableError("could not write to the registry: the server closed the connection")

    monkeypatch.setattr("policycortex.storage.registry.reports.insert_report", fail)
    found = _at_once(registry, [lambda: _order(registry, "rpt_1"), lambda: _order(registry, "rpt_2")])
    assert all(isinstance(each, UnavailableError) for each in found)
    assert len(tried) == 1


def test_the_row_given_is_the_row_kept(registry: Registry) -> None:
    """It is not read back, so it must be what a reader finds."""
    made = registry.create_report(
        organization="default",
        name="x",
        type=ReportType.RISK,
        framework=None,
        description="d",
        order={"formats": ["pdf"]},
    )
    assert registry.get_report("default", made.id) == made
