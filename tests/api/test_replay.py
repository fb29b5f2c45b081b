"""Idempotency keys, waiting, and answers that need not be sent again."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from policycortex.names import ReportFormat
from policycortex.storage.registry import Claim
from tests.support.api_server import ApiServer

KEY = {"Idempotency-Key": "order-4711"}


def test_the_same_order_twice_is_one_report(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Same key and body: same answer, one report, one launch; after 24 hours the key is fresh."""
    first = client.post("/v1/reports", json=order, headers=KEY)
    again = client.post("/v1/reports", json=order, headers=KEY)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert len(server.launcher.launched) == 1
    server.clock.pass_by(timedelta(hours=24))
    assert client.post("/v1/reports", json=order, headers=KEY).json()["id"] != first.json()["id"]


def test_another_order_under_the_same_key_is_refused(client: httpx.Client, order: dict[str, Any]) -> None:
    """409, and nothing is made."""
    client.post("/v1/reports", json=order, headers=KEY)
    answer = client.post("/v1/reports", json=order | {"name": "Another"}, headers=KEY)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "RPT_003")
    assert client.get("/v1/reports").json()["pagination"]["total"] == 1


def test_a_refused_order_frees_its_key(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """After a 400 or a 503 the mended or repeated order goes through under the same key."""
    assert client.post("/v1/reports", json=order | {"type": "x"}, headers=KEY).status_code == 400
    server.launcher.is_away = True
    assert client.post("/v1/reports", json=order, headers=KEY).status_code == 503
    server.launcher.is_away = False
    assert client.post("/v1/reports", json=order, headers=KEY).status_code == 202


def test_keys_of_organisations_are_apart(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Another organisation's same key is its own."""
    first = client.post("/v1/reports", json=order, headers=KEY).json()["id"]
    other = server.client(organization=f"{server.organization}-other")
    assert other.post("/v1/reports", json=order, headers=KEY).json()["id"] != first


def test_an_order_cut_off_by_a_crash_is_continued(server: ApiServer, order: dict[str, Any]) -> None:
    """A claim without an answer is 409 for a minute; then the same report id is taken up, not a second one made."""
    client = server.client()
    first = client.post("/v1/reports", json=order, headers=KEY).json()["id"]
    with server.registry._database.writing() as connection:  # as if the process had died before it settled the key
        forget = text("UPDATE idempotency_keys SET answer = NULL WHERE organization = :organization")
        connection.execute(forget, {"organization": server.organization})
    assert client.post("/v1/reports", json=order, headers=KEY).status_code == 409
    server.clock.pass_by(timedelta(minutes=1))
    assert client.post("/v1/reports", json=order, headers=KEY).json()["id"] == first
    assert client.get("/v1/reports").json()["pagination"]["total"] == 1
    assert len(server.launcher.launched) == 1


def test_of_two_claims_at_once_one_wins(server: ApiServer) -> None:
    """The second answer states that the first request is in work."""
    claim = Claim(organization=server.organization, key="k", fingerprint="f" * 64)
    assert server.registry.idempotency.claim_key(claim, report_id="rpt_1", now=server.clock()).report_id == "rpt_1"
    with pytest.raises(Exception, match="still running"):
        server.registry.idempotency.claim_key(claim, report_id="rpt_2", now=server.clock())


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_an_odd_key_is_refused(client: httpx.Client, order: dict[str, Any], key: str) -> None:
    """Printable ASCII without spaces, 1 to 255."""
    answer = client.post("/v1/reports", json=order, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_014")


def test_waiting_ends_when_the_report_does(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Prefer: wait answers completed as soon as it is, long before the time is up."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    finisher = threading.Timer(0.3, server.complete, (report_id, {ReportFormat.PDF: b"x"}))
    finisher.start()
    body = client.get(f"/v1/reports/{report_id}", headers={"Prefer": "wait=30"}, timeout=60).json()
    finisher.join()
    assert body["status"] == "completed"


def test_waiting_gives_up_after_its_time(client: httpx.Client, order: dict[str, Any]) -> None:
    """The order's answer is the documented one, still pending."""
    answer = client.post("/v1/reports", json=order, headers={"Prefer": "respond-async, wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_an_unchanged_answer_is_304(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Lists and details carry an ETag; a change gives a new one."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    for path in ("/v1/reports", f"/v1/reports/{report_id}"):
        etag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    client.post("/v1/reports", json=order)
    assert client.get("/v1/reports", headers={"If-None-Match": etag}).status_code == 200


def test_an_order_whose_process_died_before_the_launch_is_started(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """A pending row without a run is launched when it is looked at a minute later, once."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    with server.registry._database.writing() as connection:
        connection.execute(text("UPDATE reports SET run_id = NULL WHERE id = :id"), {"id": report_id})
    server.launcher.launched.clear()
    client.get(f"/v1/reports/{report_id}")
    assert server.launcher.launched == []
    server.clock.pass_by(timedelta(minutes=1))
    client.get(f"/v1/reports/{report_id}")
    client.get(f"/v1/reports/{report_id}")
    assert len(server.launcher.launched) == 1
