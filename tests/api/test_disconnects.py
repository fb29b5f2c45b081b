"""Clients that close the connection early: no error in the log, and no effect on what they asked for."""

import logging
import socket
import struct
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from policycortex.names import ReportFormat
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


@pytest.mark.parametrize("is_reset", [True, False])
def test_a_broken_connection_does_not_use_up_a_one_time_link(
    server: ApiServer, order: dict[str, Any], *, is_reset: bool
) -> None:
    """A download of 16 MiB breaks after the first bytes: the link works again, once. Meanwhile a second one is 404."""
    client, content = server.client(), bytes(16 << 20)
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id, {ReportFormat.PDF: content})
    wish = {"format": "pdf", "one_time": True}
    url = client.post(f"/v1/reports/{report_id}/download-link", json=wish).json()["url"]
    stranger, address = server.bare_client(), urlsplit(url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((address.hostname, address.port))
        connection.sendall(f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 200")
        assert stranger.get(url).status_code == 404
        if is_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deadline = time.monotonic() + 10
    while (answer := stranger.get(url)).status_code == 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (answer.status_code, answer.content == content) == (200, True)
    assert stranger.get(url).status_code == 404
