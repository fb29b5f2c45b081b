"""Clients that send their request byte by byte: they are cut, and nobody else is."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from api.platform import connection_limits
from tests.support.api_server import ApiServer

_HEAD = "POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"


@pytest.mark.parametrize("case", ["nothing", "head", "body", "body after the response"])
def test_a_client_that_drips_is_cut(server: ApiServer, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """One byte each 50 ms, with a limit of 1 s: the connection is closed after 1 to 5 s; a good client is served."""
    monkeypatch.setattr(connection_limits, "RECEIVE_SECONDS", 1.0)
    client, address = server.client(), urlsplit(server.url)
    key = f"Authorization: {client.headers['Authorization']}\r\n" if case == "body" else ""
    start = {"nothing": "", "head": "GET /v1/reports HTTP/1.1\r\nX-Slow: "}.get(case, f"{_HEAD}{key}\r\n")
    began = time.monotonic()
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(start.encode())
        try:
            while time.monotonic() - began < 10:
                connection.sendall(b"" if case == "nothing" else b" ")
                time.sleep(0.05)
                connection.settimeout(0.01)
                try:
                    if connection.recv(4096) == b"":
                        break
                except TimeoutError:
                    continue
        except ConnectionError:
            pass  # a reset is as good as an end
    assert 0.9 < time.monotonic() - began < 5
    assert client.get("/v1/reports").status_code == 200


def test_a_pause_between_requests_is_not_cut(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of 0.5 s, requests 1 s apart on one connection are served: the limit ends with each request."""
    monkeypatch.setattr(connection_limits, "RECEIVE_SECONDS", 0.5)
    client = server.client()
    for _ in range(3):
        assert client.get("/v1/reports").status_code == 200
        time.sleep(1)
