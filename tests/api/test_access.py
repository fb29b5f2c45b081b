"""Routes are guarded, organisations are separate, limits hold, and answers reveal nothing to strangers."""

import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from policycortex.log_lines import JsonLines
from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.keys import SCOPES
from tests.support.api_server import ApiServer, Clock, FakeRunLauncher, serve

ANY_KEY = {"/v1/me"}
"""What a valid key may do whatever its scopes are."""
OPEN_PATHS = {"/healthz", "/readyz", "/metrics", "/v1/links/{token}", "/v1/links/{token}/details"}


def _operations(server: ApiServer) -> list[tuple[str, str, dict[str, Any]]]:
    paths = server.bare_client().get("/openapi.json").json()["paths"]
    return [(method, path, spec) for path, methods in paths.items() for method, spec in methods.items()]


def test_every_route_declares_a_known_scope(server: ApiServer) -> None:
    """Only health, metrics and links are open; every other operation names scopes that keys can have."""
    for method, path, spec in _operations(server):
        if path in OPEN_PATHS:
            assert spec["security"] == [], f"{method} {path}"
            continue
        scopes = [scope for entry in spec["security"] for scope in entry["ApiKey"]]
        assert scopes or path in ANY_KEY, f"{method} {path}"
        assert set(scopes) <= set(SCOPES)


def test_every_route_refuses_who_has_no_key_or_not_the_scope(server: ApiServer) -> None:
    """401 without a key, 403 with a key of another scope, whatever else is wrong with the request."""
    stranger = server.bare_client()
    for method, path, spec in _operations(server):
        if path in OPEN_PATHS:
            continue
        needed = {scope for entry in spec["security"] for scope in entry["ApiKey"]}
        powerless = server.client(scopes=[s for s in SCOPES if s != "admin" and s not in needed])
        url = path.replace("{report_id}", "rpt_1").replace("{format}", "pdf").replace("{framework_id}", "soc2")
        url = url.replace("{waiver_id}", "wvr_1").replace("{backfill_id}", "bkf_1")
        url = (
            url.replace("{attestation_id}", "att_1")
            .replace("{grant_id}", "aud_1")
            .replace("{key_id}", "key_1")
            .replace("{comment_id}", "cmt_1")
            .replace("{milestone_id}", "mst_1")
            .replace("{evidence_request_id}", "evr_1")
        )
        assert stranger.request(method, url).status_code == 401, f"{method} {path}"
        status = 200 if path in ANY_KEY else 403
        assert powerless.request(method, url).status_code == status, f"{method} {path}"


def test_a_key_ends_by_revocation_and_time(server: ApiServer) -> None:
    """A revocation counts within a second, the time at once."""
    key, client = server.keyed_client()
    assert client.get("/v1/reports").status_code == 200
    server.registry.keys.revoke_key(key.id, now=server.clock())
    time.sleep(1.0)
    assert client.get("/v1/reports").status_code == 401
    key, token = server.registry.keys.create_key(
        organization=server.organization, name="x", expires_at=server.clock() + timedelta(hours=1)
    )
    client = server.bare_client({"Authorization": f"Bearer {token}"})
    assert client.get("/v1/reports").status_code == 200
    server.clock.pass_by(timedelta(hours=1))
    assert client.get("/v1/reports").status_code == 401


@pytest.mark.parametrize(("networks", "status"), [(["127.0.0.0/8"], 200), (["10.0.0.0/8", "::1/128"], 403)])
def test_a_key_may_be_bound_to_networks(server: ApiServer, networks: list[str], status: int) -> None:
    """From elsewhere it is 403."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="x", networks=networks)
    assert server.bare_client({"Authorization": f"Bearer {token}"}).get("/v1/reports").status_code == status


def test_a_sandbox_key_sees_only_the_sandbox(server: ApiServer, order: dict[str, Any]) -> None:
    """sk_test_ keys order and list in their own organisation."""
    report_id = server.client().post("/v1/reports", json=order).json()["id"]
    sandbox = server.client(organization="sandbox")
    assert sandbox.headers["Authorization"].startswith("Bearer sk_test_")
    assert sandbox.get(f"/v1/reports/{report_id}").status_code == 404


def test_past_the_limit_a_key_waits(tmp_path: Path) -> None:
    """Three a minute: headers count down, the fourth is 429 with Retry-After; another key is not held up."""
    settings = Settings(home=tmp_path, rate_limit="3/minute")
    registry = open_registry(settings)
    tokens = [registry.keys.create_key(organization="default", name="x")[1] for _ in range(2)]
    registry.close()
    for url in serve(create_app(settings, launcher=FakeRunLauncher())):
        first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
        answers = [httpx.get(f"{url}/v1/reports", headers=first, trust_env=False, timeout=60) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
        assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
        assert answers[3].json()["error_code"] == "RPT_015"
        assert httpx.get(f"{url}/v1/reports", headers=second, trust_env=False, timeout=60).status_code == 200


def test_every_answer_carries_security_headers(client: httpx.Client) -> None:
    """Good and bad ones."""
    for path in ("/v1/reports", "/v1/nothing", "/healthz"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


def test_large_headers_are_refused(client: httpx.Client) -> None:
    """431 past 16 KiB."""
    answer = client.get("/v1/reports", headers={"X-Long": "x" * 17_000})
    assert (answer.status_code, answer.json()["error_code"]) == (431, "RPT_019")


def test_metrics_count_routes_and_name_nobody(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Patterns, never ids, organisations or keys."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    client.get(f"/v1/reports/{report_id}")
    text = server.bare_client().get("/metrics").text
    assert 'policycortex_http_requests_total{method="GET",route="/v1/reports/{report_id}",status="200"}' in text
    assert 'policycortex_report_launches_total{outcome="started"}' in text
    for figure in ('part_ready{part="registry"} ', "disk_free_bytes "):
        assert f"\npolicycortex_{figure}" in text
    assert report_id not in text
    assert server.organization not in text


def test_logs_tell_requests_and_no_secrets(
    server: ApiServer, order: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """One line per request with its id and route; no key, no link's token, no query."""
    caplog.set_level(logging.INFO, logger="policycortex")
    client = server.client()
    token = client.headers["Authorization"].removeprefix("Bearer ")
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id, {ReportFormat.PDF: b"x"})
    url = client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf"}).json()["url"]
    server.bare_client().get(url)
    client.get("/v1/reports", params={"q": "very private words"}, headers={"X-Request-Id": "mine-2"})
    expected = ('"request_id":"mine-2"', '"route":"/v1/links/{token}"')
    until = time.monotonic() + 20  # a line follows its answer, and those of two connections come in any order
    while not all(line in (text := _lines(caplog)) for line in expected) and time.monotonic() < until:
        time.sleep(0.01)
    assert [line for line in expected if line not in text] == []
    for secret in (token, url.rpartition("/")[2], "very private"):
        assert secret not in text


def _lines(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(JsonLines().format(record) for record in list(caplog.records))


def test_readiness_tells_which_part_is_away(server: ApiServer) -> None:
    """503 with the part's name while the orchestrator is away; 200 after; health stays 200."""
    client = server.bare_client()
    assert client.get("/readyz").status_code == 200
    server.launcher.is_away = True
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [part["name"] for part in answer.json()["parts"] if not part["ok"]] == ["dagster"]
    assert client.get("/healthz").status_code == 200


def test_a_home_that_comes_later_is_found(tmp_path: Path) -> None:
    """The database cannot be opened at start: 503, and well again by itself when the cause is gone."""
    home = tmp_path / "home"
    home.write_text("in the way")
    settings = Settings(home=home)
    for url in serve(create_app(settings, launcher=FakeRunLauncher(), now=Clock())):
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 503
        home.unlink()
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200
