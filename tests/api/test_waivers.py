"""Waivers over the API: asked for by one key, approved by another, each organisation's own."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api_server import ApiServer

SCOPES = ["findings:write", "reports:read"]


def body(server: ApiServer, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A good request."""
    until = (server.clock() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"scope": {"check": "s3_bucket_public_access"}, "reason": "public site", "until": until} | changed


@pytest.fixture
def asker(server: ApiServer) -> httpx.Client:
    """The key that requests."""
    return server.client(scopes=SCOPES)


@pytest.fixture
def approver(server: ApiServer) -> httpx.Client:
    """Another key."""
    return server.client(scopes=SCOPES)


def test_a_waiver_is_requested_approved_and_revoked(
    server: ApiServer, asker: httpx.Client, approver: httpx.Client
) -> None:
    """Each step is on record with its key; it is listed with where it stands, and stays listed after its end."""
    made = asker.post("/v1/waivers", json=body(server))
    assert made.status_code == 201, made.text
    waiver = made.json()
    assert (waiver["status"], waiver["approver"], waiver["requester"][:4]) == ("requested", None, "key_")
    assert made.headers["Location"] == f"{server.url}/v1/waivers/{waiver['id']}"
    server.clock.pass_by(timedelta(minutes=1))
    approved = approver.post(f"/v1/waivers/{waiver['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "active")
    assert approved.json()["approver"] != waiver["requester"]
    assert asker.get(f"/v1/waivers/{waiver['id']}").json() == approved.json()
    assert asker.delete(f"/v1/waivers/{waiver['id']}").status_code == 204
    listed = asker.get("/v1/waivers").json()
    assert [(w["id"], w["status"]) for w in listed["waivers"]] == [(waiver["id"], "revoked")]
    assert listed["pagination"] == {"total": 1, "limit": 20, "offset": 0, "has_more": False}
    again = approver.post(f"/v1/waivers/{waiver['id']}/approve")
    assert (again.status_code, again.json()["error_code"]) == (409, "RPT_003")


def test_a_waiver_has_a_kind(server: ApiServer, asker: httpx.Client) -> None:
    """Operational requirement unless given; a risk adjustment needs its severity, and no other kind has one."""
    assert asker.post("/v1/waivers", json=body(server)).json()["kind"] == "operational_requirement"
    adjusted = body(server, kind="risk_adjustment", adjusted_severity="low")
    made = asker.post("/v1/waivers", json=adjusted).json()
    assert asker.get(f"/v1/waivers/{made['id']}").json() == made
    assert (made["kind"], made["adjusted_severity"]) == ("risk_adjustment", "low")
    for wrong in (
        {"kind": "risk_adjustment"},
        {"kind": "false_positive", "adjusted_severity": "low"},
        {"adjusted_severity": "low"},
        {"kind": "false positive"},
        {"kind": "risk_adjustment", "adjusted_severity": "moderate"},
    ):
        answer = asker.post("/v1/waivers", json=body(server, **wrong))
        assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001"), wrong


def test_who_asks_cannot_approve(server: ApiServer, asker: httpx.Client) -> None:
    """Not even with admin rights: 409, in words that say what to do."""
    admin = server.client(scopes=["admin"])
    for client in (asker, admin):
        made = client.post("/v1/waivers", json=body(server)).json()
        refused = client.post(f"/v1/waivers/{made['id']}/approve")
        assert (refused.status_code, refused.json()["error_code"]) == (409, "RPT_003")
        assert "another key" in refused.json()["error_description"]
        assert client.get(f"/v1/waivers/{made['id']}").json()["status"] == "requested"


def test_a_rotated_key_cannot_approve_what_its_lineage_requested(server: ApiServer, approver: httpx.Client) -> None:
    """The old secret requests and a rotated one approves, or the reverse, over two rotations: 409 each time."""
    first, old = server.keyed_client(scopes=SCOPES)
    second, _ = server.registry.keys.rotate_key(first.id, now=server.clock())
    _, token = server.registry.keys.rotate_key(second.id, now=server.clock())
    new = server.bare_client({"Authorization": f"Bearer {token}"})
    for requester, other in ((old, new), (new, old)):
        waiver_id = requester.post("/v1/waivers", json=body(server)).json()["id"]
        refused = other.post(f"/v1/waivers/{waiver_id}/approve")
        assert (refused.status_code, refused.json()["error_code"]) == (409, "RPT_003")
        assert "another key" in refused.json()["error_description"]
        assert approver.post(f"/v1/waivers/{waiver_id}/approve").json()["status"] == "active"


def test_every_problem_of_a_request_is_named(server: ApiServer, asker: httpx.Client) -> None:
    """A scope that bounds nothing, unknown words with a suggestion, no reason, an end before the start, no end."""
    bad = body(
        server,
        scope={"framework": "soc3"},
        reason=" ",
        **{"from": "2026-02-01T00:00:00Z"},
        until="2026-01-01T00:00:00Z",
    )
    answer = asker.post("/v1/waivers", json=bad)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
    problems = {detail["field"]: detail["message"] for detail in answer.json()["details"]}
    assert set(problems) == {"scope.framework", "reason", "until"}
    assert "soc2" in problems["scope.framework"]
    for scope, field in (
        ({"framework": "soc2"}, "scope"),
        ({"framework": "soc2", "requirement": "CC6.99"}, "scope.requirement"),
    ):
        answer = asker.post("/v1/waivers", json=body(server, scope=scope))
        assert [detail["field"] for detail in answer.json()["details"]] == [field]
    endless = {key: value for key, value in body(server).items() if key != "until"}
    assert [d["field"] for d in asker.post("/v1/waivers", json=endless).json()["details"]] == ["until"]
    assert asker.post("/v1/waivers", json=body(server, until="2099-01-01T00:00:00Z")).status_code == 400


def test_a_requirement_may_be_spelled_as_scanners_do(server: ApiServer, asker: httpx.Client) -> None:
    """It is kept under the standard's own id."""
    scope = {"framework": "soc2", "requirement": "cc_6_1"}
    made = asker.post("/v1/waivers", json=body(server, scope=scope))
    assert made.json()["scope"] == {
        "framework": "soc2", "requirement": "CC6.1", "check": None, "account": None, "resource": None,
    }  # fmt: skip


def test_waivers_are_the_organisations_own(server: ApiServer, asker: httpx.Client) -> None:
    """Another organisation can neither see, approve nor revoke it."""
    waiver_id = asker.post("/v1/waivers", json=body(server)).json()["id"]
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert other.get("/v1/waivers").json()["waivers"] == []
    for method, path in (("GET", ""), ("POST", "/approve"), ("DELETE", "")):
        answer = other.request(method, f"/v1/waivers/{waiver_id}{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_006")
    assert asker.get(f"/v1/waivers/{waiver_id}").json()["status"] == "requested"
