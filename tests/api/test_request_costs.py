"""Reads send a fixed number of statements to the registry and commit nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import Engine, event

from tests.support.api_server import ApiServer

BESIDE = ("audit-trail", "read-log", "last-used")
"""Names of threads that write the records of many requests in one batch."""


@dataclass
class Counted:
    """Statements and commits of the requests themselves."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    @property
    def words(self) -> list[str]:
        """First words. Key lookups are left out: a key is looked up again after a second."""
        return [text.split()[0] for text in self.statements if "WHERE api_keys.digest" not in text.replace("\n", "")]


@contextmanager
def counting() -> Iterator[Counted]:
    """Count all statements and commits of this process."""
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
    """Page, total, restricted reports. No commit: the access log and the audit log are written in batches later."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    with counting() as counted:
        assert client.get(f"/v1/reports/{report_id}").status_code == 200
    assert (counted.words, counted.commits) == (["SELECT"], 0)
    with counting() as counted:
        assert client.get("/v1/reports").status_code == 200
    assert (counted.words, counted.commits) == (["SELECT"] * 3, 0)
