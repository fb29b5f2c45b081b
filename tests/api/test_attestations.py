"""Attestations over the API: asked for by one key, approved by another, each organisation's own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

SCOPES = ["findings:write", "reports:read"]


def body(server: ApiServer, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A good request."""
    until = (server.clock() + timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%SZ")
    scope = {"framework": "soc2", "profile": "availability"}
    return {"statement": "not_applicable", "scope": scope, "reason": "no commitments", "until": until} | changed


@pytest.fixture
def asker(server: ApiServer) -> httpx.Client:
    """The key that requests."""
    return server.client(scopes=SCOPES)


def test_an_attestation_is_requested_approved_and_revoked(server: ApiServer, asker: httpx.Client) -> None:
    """Each step is on record with its key; it stays listed after its end."""
    approver = server.client(scopes=SCOPES)
    made = asker.post("/v1/attestations", json=body(server))
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["status"], found["approver"], found["statement"]) == ("requested", None, "not_applicable")
    assert found["scope"] == {
        "framework": "soc2", "requirements": ["A1.1", "A1.2", "A1.3"], "profile": "availability", "accounts": [],
        "environments": [],
    }  # fmt: skip
    assert made.headers["Location"] == f"{server.url}/v1/attestations/{found['id']}"
    server.clock.pass_by(timedelta(minutes=1))
    approved = approver.post(f"/v1/attestations/{found['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "active")
    assert asker.get(f"/v1/attestations/{found['id']}").json() == approved.json()
    assert asker.delete(f"/v1/attestations/{found['id']}").status_code == 204
    listed = asker.get("/v1/attestations").json()
    assert [(each["id"], each["status"]) for each in listed["attestations"]] == [(found["id"], "revoked")]
    assert listed["pagination"] == {"total": 1, "limit": 20, "offset": 0, "has_more": False}
    again = approver.post(f"/v1/attestations/{found['id']}/approve")
    assert (again.status_code, again.json()["error_code"]) == (409, "RPT_003")


def test_who_asks_cannot_approve_and_no_rotation_helps(server: ApiServer) -> None:
    """The same key, an admin's own request, and any key of the same lineage: 409 that names another key."""
    admin = server.client(scopes=["admin"])
    first, old = server.keyed_client(scopes=SCOPES)
    second, _ = server.registry.keys.rotate_key(first.id, now=server.clock())
    _, token = server.registry.keys.rotate_key(second.id, now=server.clock())
    new = server.bare_client({"Authorization": f"Bearer {token}"})
    for requester, other in ((admin, admin), (old, new), (new, old)):
        id_ = requester.post("/v1/attestations", json=body(server)).json()["id"]
        refused = other.post(f"/v1/attestations/{id_}/approve")
        assert (refused.status_code, refused.json()["error_code"]) == (409, "RPT_003")
        assert "another key" in refused.json()["error_description"]
        assert other.get(f"/v1/attestations/{id_}").json()["status"] == "requested"


def test_attestations_are_the_organisations_own(server: ApiServer, asker: httpx.Client) -> None:
    """Another organisation can neither see, approve nor revoke it; a key that only reads cannot request one."""
    id_ = asker.post("/v1/attestations", json=body(server)).json()["id"]
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert other.get("/v1/attestations").json()["attestations"] == []
    for method, path in (("GET", ""), ("POST", "/approve"), ("DELETE", "")):
        answer = other.request(method, f"/v1/attestations/{id_}{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_006")
    assert asker.get(f"/v1/attestations/{id_}").json()["status"] == "requested"
    assert server.client(scopes=["reports:read"]).post("/v1/attestations", json=body(server)).status_code == 403


def test_what_is_wrong_is_named(server: ApiServer, asker: httpx.Client) -> None:
    """All problems at once, each with its field; the framework's details list its profiles."""
    bad = body(server, statement="maybe", scope={"framework": "soc2", "profile": "secrecy"}, reason=" ")
    answer = asker.post("/v1/attestations", json=bad)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
    assert {detail["field"] for detail in answer.json()["details"]} == {"statement", "scope.profile", "reason"}
    profiles = {each["id"]: each for each in asker.get("/v1/frameworks/soc2").json()["profiles"]}
    assert profiles["availability"]["requirements"] == ["A1.1", "A1.2", "A1.3"]


def test_a_posture_follows_from_its_approval_on(running_server: ApiServer) -> None:
    """The failing requirement is left out from then on; the score, an earlier time and another organisation stay."""
    running_server.clock.reset()
    server = replace(running_server, organization="attested", clients=[])
    other = replace(running_server, organization="attested-other", clients=[])
    day = server.clock().date() - timedelta(days=1)
    with open_lake(server.settings) as lake:
        for each in (server, other):
            found = [finding(day, "c1", "r1", "FAIL", relations='{"SOC2":["cc_6_1"]}')]
            import_findings(lake, found, organization=each.organization)
    rebuild_days(server.settings, [day])
    asker, approver = (server.client(scopes=SCOPES) for _ in range(2))
    scope = {"framework": "soc2", "requirements": ["CC6.1"]}
    id_ = asker.post("/v1/attestations", json=body(server, scope=scope)).json()["id"]
    before = server.clock().isoformat()
    assert cc61(asker)["result"] == "non_compliant"
    server.clock.pass_by(timedelta(minutes=1))
    approver.post(f"/v1/attestations/{id_}/approve")
    server.clock.pass_by(timedelta(minutes=1))
    after = cc61(asker)
    assert (after["result"], after["findings"]["failed"], after["excluded"]["failed"]) == ("not_applicable", 0, 1)
    posture = asker.get("/v1/frameworks/soc2/posture").json()
    assert (posture["compliance_score"], posture["findings"]["failed"]) == (0, 1)
    assert posture["results"]["not_applicable"] == 1
    assert cc61(asker, as_of=before)["result"] == "non_compliant"
    assert cc61(other.client(scopes=SCOPES))["result"] == "non_compliant"
    for client in (*server.clients, *other.clients):
        client.close()


def cc61(client: httpx.Client, **query: str) -> dict[str, Any]:
    """The posture of CC6.1."""
    answer = client.get("/v1/frameworks/soc2/posture", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(each for each in answer.json()["requirements"] if each["id"] == "CC6.1")
    return found


def test_the_client_requests_and_lists(server: ApiServer) -> None:
    """``policycortex_client`` has the same steps, and raises on the requester's own approval."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client", scopes=SCOPES)
    with Client(server.url, token, attempts=1) as api:
        made = api.request_attestation(body(server, scope={"framework": "hipaa", "profile": "clearinghouse"}))
        assert (made.status, made.requirements) == ("requested", ("164.308(a)(4)(ii)(A)",))
        with pytest.raises(ApiError) as refused:
            api.approve_attestation(made.id)
        assert refused.value.status == 409
        api.revoke_attestation(made.id)
        assert [each.status for each in api.iterate_attestations()] == ["revoked"]
