"""What a request costs, counted in statements and commits: a change that adds one shows here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import Engine, event

from tests.support.api_server import ApiServer

BESIDE = ("audit-trail", "read-log", "key-uses")
"""Threads that write what many requests left, once for all."""
LATER = {"immediate": False, "scheduled_at": "2099-02-01T09:00:00Z"}


@dataclass
class Counted:
    """What the requests themselves asked of the registry."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    @property
    def words(self) -> list[str]:
        """First words; a key is looked up once a second, whenever that is."""
        return [text.split()[0] for text in self.statements if "FROM api_keys" not in text]


@contextmanager
def counting() -> Iterator[Counted]:
    """All that happens in this process while it is open."""
    counted = Counted()

    def is_beside() -> bool:
        return threading.current_thread().name.startswith(BESIDE)

    def note_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not is_beside():
            counted.statements.append(statement)

    def note_commit(_connection: object) -> None:
        counted.commits += not is_beside()

    event.listen(Engine, "before_cursor_execute", note_statement)
    event.listen(Engine, "commit", note_commit)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", note_statement)
        event.remove(Engine, "commit", note_commit)


def test_reads_are_one_statement_for_details_and_three_for_a_page(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """The page, its total, and what this key may not see. No commit: log and trail are written beside, in batches."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    with counting() as counted:
        assert client.get(f"/v1/reports/{report_id}").status_code == 200
    assert (counted.words, counted.commits) == (["SELECT"], 0)
    with counting() as counted:
        assert client.get("/v1/reports").status_code == 200
    assert (counted.words, counted.commits) == (["SELECT"] * 3, 0)


def test_an_order_is_five_statements_and_one_commit(client: httpx.Client, order: dict[str, Any]) -> None:
    """Uploaded frameworks; report, tally and access log together; the estimate. A key adds its claim and its answer."""
    later = order | {"delivery": LATER}
    assert client.post("/v1/reports", json=later).status_code == 202  # the organisation is known from here on
    with counting() as counted:
        assert client.post("/v1/reports", json=later).status_code == 202
    assert (counted.words, counted.commits) == (["SELECT", "INSERT", "INSERT", "INSERT", "SELECT"], 1)
    with counting() as counted:
        assert client.post("/v1/reports", json=later, headers={"Idempotency-Key": "k"}).status_code == 202
    assert (len(counted.words), counted.commits) == (9, 3)


def test_an_order_for_now_adds_the_note_of_its_run(client: httpx.Client, order: dict[str, Any]) -> None:
    """One more statement in one more commit, after the run was launched."""
    client.post("/v1/reports", json=order)
    with counting() as counted:
        assert client.post("/v1/reports", json=order | {"delivery": {"immediate": True}}).status_code == 202
    assert (counted.words[-2:], len(counted.words), counted.commits) == (["UPDATE", "SELECT"], 6, 2)
