"""Attacks with X-Forwarded-For: on the networks of keys and on the audit log."""

from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.api_server import NO_TLS, ApiServer, FakeRunLauncher, serve


def _recorded_address(client: httpx.Client, **headers: str) -> str | None:
    """The address in the audit log of a list with those headers."""
    response = client.get("/v1/reports", headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert response.status_code == 200
    records = client.get("/v1/audit-trail").json()["records"]
    (address,) = [r["address"] for r in records if r["request_id"] == response.headers["X-Request-Id"]]
    return address if address is None else str(address)


@pytest.mark.parametrize("forwarded", ["10.9.9.9", "<script>", "::1%<b>", "10.9.9.9, 127.0.0.1", ""])
def test_a_forwarded_address_is_not_believed(server: ApiServer, forwarded: str) -> None:
    """Without trusted proxies, loopback gets no other address: neither for a key's networks nor in the log."""
    admin = server.client(scopes=["admin"])
    assert _recorded_address(admin, X_Forwarded_For=forwarded) == "127.0.0.1"
    _, bound = server.keyed_client(networks=["10.0.0.0/8"])
    assert bound.get("/v1/reports", headers={"X-Forwarded-For": forwarded}).status_code == 403


def test_a_forwarded_scheme_is_not_believed(server: ApiServer, order: dict[str, Any]) -> None:
    """Without trusted proxies, URLs in responses keep the scheme of the connection."""
    response = server.client().post("/v1/reports", json=order, headers={"X-Forwarded-Proto": "https"})
    assert response.headers["Location"].startswith(server.url)


def test_behind_a_trusted_proxy_the_last_untrusted_address_counts(tmp_path: Path) -> None:
    """The proxy's own entry counts, not what the client wrote before it; only IP addresses enter the audit log."""
    settings = Settings(home=tmp_path, trusted_proxies=("127.0.0.1/32", "10.0.0.0/8"))
    with closing(open_registry(settings)) as registry:
        _, token = registry.keys.create_key(organization="default", name="test", scopes=["admin"])
    for url in serve(create_app(settings, launcher=FakeRunLauncher())):
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, verify=NO_TLS
        ) as client:
            for forwarded, expected in {
                "192.0.2.7": "192.0.2.7",
                "192.0.2.7:4711": "192.0.2.7",
                "[2001:db8::7]:4711": "2001:db8::7",
                "::ffff:192.0.2.7": "192.0.2.7",
                "10.0.0.1, 192.0.2.7, 10.1.1.1": "192.0.2.7",  # the client claimed to be 10.0.0.1
                "198.51.100.1, 192.0.2.7": "192.0.2.7",
                "192.0.2.7, <script>, 10.1.1.1": "10.1.1.1",
                "<script>": "127.0.0.1",
                "2001:db8::7%<script>": "2001:db8::7",
                "": "127.0.0.1",
            }.items():
                assert _recorded_address(client, X_Forwarded_For=forwarded) == expected, forwarded
