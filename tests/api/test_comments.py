"""Comments on requirements over the API: author and time, each organisation's own, auditors within their grant."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.platform.services import Services
from policycortex.period import Period
from policycortex.storage.registry import GrantRow
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer

SCOPES = ["findings:write", "reports:read"]


def body(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A good comment."""
    return {"framework": "soc2", "requirement": "cc6.1", "text": " Sampled five buckets. "} | changed


@pytest.fixture
def reviewer(server: ApiServer) -> httpx.Client:
    """A key that may comment."""
    return server.client(scopes=SCOPES)


def test_a_comment_has_its_author_and_time_and_stays(server: ApiServer) -> None:
    """Canonical requirement, identity, time; listed newest first by framework and requirement; in the audit log."""
    key, reviewer = server.keyed_client(scopes=SCOPES)
    made = reviewer.post("/v1/comments", json=body(role="Lead auditor"))
    assert made.status_code == 201, made.text
    found = made.json()
    now = server.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {name: value for name, value in found.items() if name != "id"} == {
        "framework": "soc2", "requirement": "CC6.1", "text": "Sampled five buckets.", "as_of": now, "author": key.id,
        "author_name": key.name, "author_role": "Lead auditor", "made_at": now,
    }  # fmt: skip
    assert made.headers["Location"] == f"{server.url}/v1/comments/{found['id']}"
    assert reviewer.get(f"/v1/comments/{found['id']}").json() == found
    server.clock.pass_by(timedelta(minutes=1))
    later = [
        reviewer.post("/v1/comments", json=body(**given)).json()["id"]
        for given in ({}, {"framework": "hipaa", "requirement": "164.308(a)(1)(i)"})
    ]
    for query, expected in (
        ({}, {*later, found["id"]}),
        ({"framework": "soc2"}, {later[0], found["id"]}),
        ({"framework": "soc2", "requirement": "cc6.1"}, {later[0], found["id"]}),
        ({"framework": "soc2", "requirement": "CC6.2"}, set()),
    ):
        listed = reviewer.get("/v1/comments", params=query).json()
        assert {each["id"] for each in listed["comments"]} == expected, query
        assert listed["pagination"]["total"] == len(expected)
    listed = reviewer.get("/v1/comments", params={"framework": "soc2"}).json()["comments"]
    assert [each["id"] for each in listed] == [later[0], found["id"]]
    for method in ("PUT", "PATCH", "DELETE"):
        assert reviewer.request(method, f"/v1/comments/{found['id']}", json={}).status_code == 405
    entries = server.client(scopes=["admin"]).get("/v1/audit-trail", params={"action": "comment_created"}).json()
    (entry,) = (each for each in entries["records"] if each["subject"] == found["id"])
    assert (entry["actor"], entry["details"]["framework"], entry["details"]["requirement"]) == (key.id, "soc2", "CC6.1")


def test_comments_are_the_organisations_own(server: ApiServer, reviewer: httpx.Client) -> None:
    """Another organisation neither lists nor reads them; a key that only reads cannot comment."""
    id_ = reviewer.post("/v1/comments", json=body()).json()["id"]
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert other.get("/v1/comments").json()["comments"] == []
    assert other.get(f"/v1/comments/{id_}").status_code == 404
    reader = server.client(scopes=["reports:read"])
    assert reader.post("/v1/comments", json=body()).status_code == 403
    assert reader.get(f"/v1/comments/{id_}").status_code == 200


def test_what_is_wrong_is_named(server: ApiServer, reviewer: httpx.Client) -> None:
    """Every problem at once, each with its field."""
    future = (server.clock() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for given, fields in (
        (body(requirement="CC6.111", text="  ", as_of=future), {"requirement", "text", "as_of"}),
        (body(framework="soc3"), {"framework"}),
        (body(text="x" * 4001, role="\x00"), {"text", "role"}),
        (body(author="key_1"), {"author"}),
    ):
        answer = reviewer.post("/v1/comments", json=given)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
        assert {detail["field"] for detail in answer.json()["details"]} == fields
    refused = reviewer.get("/v1/comments", params={"requirement": "CC6.1"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "requirement")


def test_a_time_at_the_end_of_a_day_is_its_end(server: ApiServer, reviewer: httpx.Client) -> None:
    """So that the day's reports have it; today's end is not over yet and means now."""
    day = server.clock().date() - timedelta(days=3)
    assert reviewer.post("/v1/comments", json=body(as_of=f"{day}T23:59:59Z")).json()["as_of"] == (
        f"{day + timedelta(days=1)}T00:00:00Z"
    )


@pytest.fixture
def auditor(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> tuple[GrantRow, httpx.Client]:
    """A grant for SOC 2 and five days, and calls of the auditor, as the console sends them after a sign-in."""
    now, kept = server.clock(), server.registry.grants
    grant, token = kept.create_grant(
        server.organization,
        name="Grace Hopper, Example Audit LLP",
        frameworks=("soc2",),
        period=Period(start=now - timedelta(days=10), end=now - timedelta(days=5)),
        expires_at=now + timedelta(days=30),
        email=None,
        note="",
        by="key_admin",
        now=now,
    )
    identity, find_key = replace(server.registry.keys.get_key(grant.id), grant=grant), Services.find_key
    monkeypatch.setattr(Services, "find_key", lambda self, given: identity if given == token else find_key(self, given))
    return grant, server.bare_client({"Authorization": f"Bearer {token}"})


def test_an_auditor_comments_within_the_grant(server: ApiServer, auditor: tuple[GrantRow, httpx.Client]) -> None:
    """On the grant's frameworks and times, under the grant's name; by default on its end; never beyond it."""
    grant, client = auditor
    made = client.post("/v1/comments", json=body())
    assert made.status_code == 201, made.text
    assert (made.json()["author"], made.json()["author_name"]) == (grant.id, "Grace Hopper, Example Audit LLP")
    assert made.json()["as_of"] == f"{grant.period.end:%Y-%m-%dT%H:%M:%SZ}"
    inside = (grant.period.start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert client.post("/v1/comments", json=body(as_of=inside)).status_code == 201
    outside = (grant.period.start, grant.period.end + timedelta(seconds=2), server.clock())
    for moment in outside:
        answer = client.post("/v1/comments", json=body(as_of=moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_006"), moment
    unknown, foreign = (
        client.post("/v1/comments", json=body(framework=name, requirement="A")).json()["details"][0]["message"]
        for name in ("none", "hipaa")
    )
    assert unknown.replace("none", "hipaa") == foreign
    entries = server.client(scopes=["admin"]).get("/v1/audit-trail", params={"actor": grant.id}).json()["records"]
    assert [each["outcome"] for each in entries if each["action"] == "comment_created"].count("done") == 2


def test_an_auditor_reads_the_comments_within_the_grant(
    reviewer: httpx.Client, auditor: tuple[GrantRow, httpx.Client]
) -> None:
    """Those of the organisation on other frameworks and times are not listed and not there."""
    grant, client = auditor
    inside = (grant.period.start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown, *hidden = (
        reviewer.post("/v1/comments", json=given).json()["id"]
        for given in (
            body(as_of=inside),
            body(),
            body(framework="hipaa", requirement="164.308(a)(1)(i)", as_of=inside),
        )
    )
    listed = client.get("/v1/comments").json()
    assert ([each["id"] for each in listed["comments"]], listed["pagination"]["total"]) == ([shown], 1)
    assert client.get("/v1/comments", params={"framework": "hipaa"}).json()["comments"] == []
    assert client.get(f"/v1/comments/{shown}").status_code == 200
    assert [client.get(f"/v1/comments/{id_}").status_code for id_ in hidden] == [404, 404]
    for method, path in (("POST", "/v1/waivers"), ("POST", "/v1/attestations"), ("DELETE", f"/v1/comments/{shown}")):
        assert client.request(method, path, json={}).status_code in {403, 405}, path


def test_the_client_comments_and_lists(server: ApiServer) -> None:
    """``policycortex_client`` has the same steps; an unknown comment is 404."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client", scopes=SCOPES)
    with Client(server.url, token, attempts=1) as api:
        made = api.create_comment(body())
        assert (made.requirement, made.author_name, made.as_of) == ("CC6.1", "client", made.made_at)
        assert api.get_comment(made.id) == made
        assert [each.id for each in api.iterate_comments(framework="soc2", requirement="CC6.1")] == [made.id]
        assert api.list_comments(framework="hipaa").items == ()
        with pytest.raises(ApiError) as refused:
            api.get_comment("cmt_0000000000000000")
        assert refused.value.status == 404
