"""Clients that close the connection early: no error in the log, and no effect on what they asked for."""

import logging
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.api_server import ApiServer, log_records


def _send_and_leave(server: ApiServer, token: str, request_id: str, head: str, body: bytes) -> None:
    """Send the head and a part of the body, then close the connection."""
    address = urlsplit(server.url)
    lines = ("POST /v1/reports HTTP/1.1", "Host: x", f"Authorization: {token}", f"X-Request-Id: {request_id}", head)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall("\r\n".join((*lines, "Content-Type: application/json", "", "")).encode() + body)
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Length: 1000", b""),
        ("Content-Length: 1000", b'{"name": '),
        ("Transfer-Encoding: chunked", b'9\r\n{"name": \r\n'),
    ],
)
def test_a_client_that_leaves_is_no_error(
    server: ApiServer, caplog: pytest.LogCaptureFixture, head: str, body: bytes
) -> None:
    """One line of level info with status 499; the audit event is refused, no report exists, and nothing is a 500."""
    client = server.client(scopes=["admin"])
    request_id = f"left-{server.organization}"
    caplog.set_level(logging.INFO, "policycortex.api")
    _send_and_leave(server, client.headers["Authorization"], request_id, head, body)
    (record,) = log_records(caplog, request_id)
    assert (record.levelno, record.message, vars(record)["status"]) == (logging.INFO, "request", 499)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    (event,) = [event for event in client.get("/v1/audit-trail").json()["records"] if event["request_id"] == request_id]
    assert (event["outcome"], event["details"]["status"]) == ("refused", 499)
    assert client.get("/v1/reports").json()["pagination"]["total"] == 0
    assert 'route="/v1/reports",status="500"' not in httpx.get(f"{server.url}/metrics", trust_env=False).text
