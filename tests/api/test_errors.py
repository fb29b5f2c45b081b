"""Everything wrong gets the documented body."""

import gzip
import json
from typing import Any

import httpx
import pytest

from tests.support.api_server import ApiServer
from tests.support.backends import FOLDER_ALONE

pytestmark = FOLDER_ALONE


def _check_body(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert {"error", "error_description", "error_code", "timestamp", "request_id"} <= set(body)
    assert body["timestamp"].endswith("Z")
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


def test_a_start_in_the_future_is_answered_in_the_documented_words(client: httpx.Client, order: dict[str, Any]) -> None:
    """RPT_001 exactly as documented."""
    order["scope"]["date_range"] = {"start": "2099-01-01T00:00:00Z", "end": "2099-02-01T00:00:00Z"}
    answer = client.post("/v1/reports", json=order)
    body = _check_body(answer)
    assert answer.status_code == 400
    assert {key: body[key] for key in ("error", "error_description", "error_code", "details")} == {
        "error": "invalid_report_config",
        "error_description": "Report configuration validation failed",
        "error_code": "RPT_001",
        "details": [{"field": "scope.date_range.start", "message": "Start date cannot be in the future"}],
    }


@pytest.mark.parametrize("report_id", ["rpt_invalid123", "rpt_0000000000000000", "x%20y", "%00"])
def test_an_unknown_report_is_answered_in_the_documented_words(client: httpx.Client, report_id: str) -> None:
    """RPT_002 exactly as documented, whatever the id looks like."""
    answer = client.get(f"/v1/reports/{report_id}")
    body = _check_body(answer)
    assert answer.status_code == 404
    assert (body["error"], body["error_code"]) == ("report_not_found", "RPT_002")
    assert body["error_description"] == "The requested report was not found or has expired"
    assert body["possible_causes"] == ["Report ID is invalid", "Report has been deleted", "Download link has expired"]
    assert "report_id" in body


@pytest.mark.parametrize(
    ("method", "path", "content", "expected"),
    [
        ("GET", "/v1/nothing", None, (404, "RPT_006")),
        ("PUT", "/v1/reports", None, (405, "RPT_007")),
        ("POST", "/v1/reports", b"x" * 1_100_000, (413, "RPT_008")),
        ("POST", "/v1/reports", b"{", (400, "RPT_001")),
        ("POST", "/v1/reports", b"[]", (400, "RPT_001")),
        ("POST", "/v1/reports", b"\xff", (400, "RPT_001")),
        ("POST", "/v1/reports", b'{"a": NaN}', (400, "RPT_001")),
        ("POST", "/v1/reports", b"[" * 100_000, (400, "RPT_001")),
        ("POST", "/v1/reports", b'{"name": "a", "name": "b"}', (400, "RPT_001")),
        ("POST", "/v1/reports", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", (400, "RPT_001")),
        ("GET", "/v1/reports?limit=101", None, (400, "RPT_014")),
        ("GET", "/v1/reports?nonsense=1", None, (400, "RPT_014")),
        ("GET", "/v1/reports?generated_after=2024-01-01T00:00:00", None, (400, "RPT_014")),
        ("GET", "/v1/reports/rpt_1?x=1", None, (400, "RPT_014")),
        ("GET", "/v1/reports/rpt_1/download/odt", None, (400, "RPT_014")),
    ],
)
def test_each_wrong_request_has_its_code(
    client: httpx.Client, method: str, path: str, content: bytes | None, expected: tuple[int, str]
) -> None:
    """Status and code of each kind of mistake."""
    answer = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, _check_body(answer)["error_code"]) == expected


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limt=5", "limt", "Unknown parameter; did you mean 'limit'?"),
        ("limit=5&limit=6", "limit", "Given more than once"),
        ("status=complete", "status", "did you mean 'completed'?"),
        ("sort=created", "sort", "did you mean 'created_at'?"),
        ("generated_before=2024-01-01T00:00:00", "generated_before", "Needs a time zone"),
    ],
)
def test_a_wrong_parameter_is_named_with_a_suggestion(
    client: httpx.Client, query: str, field: str, message: str
) -> None:
    """RPT_014 names the parameter and the remedy."""
    (detail,) = client.get(f"/v1/reports?{query}").json()["details"]
    assert detail["field"] == field
    assert message in detail["message"]


def test_all_wrong_parameters_are_named_at_once(client: httpx.Client) -> None:
    """Four mistakes, four details."""
    answer = client.get("/v1/reports?limit=0&offset=-1&nonsense=1&type=audits")
    assert {detail["field"] for detail in answer.json()["details"]} == {"limit", "offset", "nonsense", "type"}


def test_open_routes_refuse_unknown_parameters_too(server: ApiServer) -> None:
    """No route is silent about what it does not understand."""
    for path in ("/healthz", "/readyz", "/metrics", "/v1/links/dl_x"):
        answer = server.bare_client().get(path, params={"nonsense": 1})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_014"), path


def test_another_media_type_is_refused(client: httpx.Client) -> None:
    """415 for a form."""
    answer = client.post("/v1/reports", data={"name": "x"})
    assert (answer.status_code, _check_body(answer)["error_code"]) == (415, "RPT_009")


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity", "x-unknown"])
@pytest.mark.parametrize("path", ["/v1/reports", "/v1/frameworks", "/v1/waivers"])
def test_an_encoded_body_is_refused_and_not_read(
    client: httpx.Client, order: dict[str, Any], path: str, coding: str
) -> None:
    """415 for a body with Content-Encoding: gzip of the right body, and a plain body that only claims a coding."""
    plain = json.dumps(order).encode()
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    for content in (gzip.compress(plain), plain, iter([plain])):  # the iterator is sent in chunks, without a length
        answer = client.post(path, content=content, headers=headers)
        assert (answer.status_code, _check_body(answer)["error_code"]) == (415, "RPT_009")
        assert "Content-Encoding" in answer.json()["error_description"]


@pytest.mark.parametrize("coding", ["identity", ""])
def test_the_coding_that_changes_nothing_is_allowed(client: httpx.Client, order: dict[str, Any], coding: str) -> None:
    """``identity`` and an empty header are a plain body; a request without a body has no coding."""
    assert client.post("/v1/reports", json=order, headers={"Content-Encoding": coding}).status_code == 202
    assert client.get("/v1/reports", headers={"Content-Encoding": "gzip"}).status_code == 200


def test_405_names_every_method_of_the_path(client: httpx.Client) -> None:
    """Allow lists GET and POST, though they are two routes."""
    assert client.put("/v1/reports").headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, 'Bearer realm="policycortex"'),
        ("Basic eDp5", 'Bearer realm="policycortex"'),
        ("Bearer sk_live_1234567890abcdef", 'Bearer realm="policycortex", error="invalid_token"'),
        ("Bearer \xff", 'Bearer realm="policycortex", error="invalid_token"'),
    ],
)
def test_without_a_good_key_nothing_is_revealed(server: ApiServer, header: str | None, challenge: str) -> None:
    """401 with a challenge, before anything else is looked at."""
    headers = [(b"Authorization", header.encode("latin-1"))] if header else []
    answer = server.bare_client().post("/v1/reports", content=b"{", headers=headers)
    assert (answer.status_code, _check_body(answer)["error_code"]) == (401, "RPT_004")
    assert answer.headers["WWW-Authenticate"] == challenge


def test_a_key_without_the_scope_is_refused(server: ApiServer, order: dict[str, Any]) -> None:
    """403 names the scope that is missing."""
    answer = server.client(scopes=("reports:read",)).post("/v1/reports", json=order)
    assert (answer.status_code, _check_body(answer)["error_code"]) == (403, "RPT_005")
    assert "reports:write" in answer.json()["error_description"]
