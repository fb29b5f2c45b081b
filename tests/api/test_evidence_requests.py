"""Evidence requests over the API: asked within a grant, answered by people, closed by either side, kept apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.platform.services import Services
from policycortex.period import Period
from policycortex.storage.registry import GrantRow
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer

SCOPES = ["findings:write", "reports:read"]
PATH = "/v1/evidence-requests"


def body(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A good request."""
    return {"framework": "soc2", "requirement": "cc6.1", "text": " Show the access review. "} | changed


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def people(server: ApiServer) -> httpx.Client:
    """A key of somebody who answers."""
    return server.client(scopes=SCOPES)


@pytest.fixture
def auditors(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> tuple[GrantRow, httpx.Client, httpx.Client]:
    """A grant for SOC 2 and five days with its auditor's calls, and those of another auditor with the same rights."""
    now, kept, find_key = server.clock(), server.registry.grants, Services.find_key
    identities, clients = {}, []
    for name in ("Grace Hopper", "Ada Lovelace"):
        grant, token = kept.create_grant(
            server.organization,
            name=name,
            frameworks=("soc2",),
            period=Period(start=now - timedelta(days=10), end=now - timedelta(days=5)),
            expires_at=now + timedelta(days=30),
            email=None,
            note="",
            by="key_admin",
            now=now,
        )
        identities[token] = replace(server.registry.keys.get_key(grant.id), grant=grant)
        clients.append((grant, server.bare_client({"Authorization": f"Bearer {token}"})))
    monkeypatch.setattr(Services, "find_key", lambda self, given: identities.get(given) or find_key(self, given))
    (grant, first), (_, second) = clients
    return grant, first, second


def _attestation(people: httpx.Client, requirement: str = "CC6.1") -> str:
    """The id of one that waits for its approval."""
    scope = {"framework": "soc2", "requirements": [requirement]}
    until = _text(datetime.now(UTC) + timedelta(days=90))
    attested = {"statement": "not_applicable", "scope": scope, "reason": "Reviewed", "until": until}
    made = people.post("/v1/attestations", json=attested)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_an_auditor_asks_people_answer_and_it_is_closed(
    server: ApiServer, people: httpx.Client, auditors: tuple[GrantRow, httpx.Client, httpx.Client]
) -> None:
    """Open, answered, closed; each step with its identity and time, and in the audit log."""
    grant, auditor, _ = auditors
    made = auditor.post(PATH, json=body(role="Lead auditor"))
    assert made.status_code == 201, made.text
    request = made.json()
    assert made.headers["Location"].endswith(f"{PATH}/{request['id']}")
    assert (request["requirement"], request["text"], request["status"]) == ("CC6.1", "Show the access review.", "open")
    assert (request["requested_by"], request["requested_by_name"], request["requested_by_role"]) == (
        grant.id, "Grace Hopper", "Lead auditor",
    )  # fmt: skip
    assert request["as_of"] == _text(grant.period.end)
    one = f"{PATH}/{request['id']}"
    assert people.get(one).json() == request
    attestation_id = _attestation(people)
    answered = people.post(f"{one}/answers", json={"text": "See the files.", "attestation_id": attestation_id})
    assert answered.status_code == 201, answered.text
    assert auditor.get(one).json() == answered.json()
    assert answered.json()["status"] == "answered"
    (answer,) = answered.json()["answers"]
    assert (answer["text"], answer["attestation_id"]) == ("See the files.", attestation_id)
    closed = auditor.post(f"{one}/close").json()
    assert (closed["status"], closed["closed_by"], closed["closed_by_name"]) == ("closed", grant.id, "Grace Hopper")
    server.clock.pass_by(timedelta(minutes=1))
    assert people.post(f"{one}/close").json() == closed
    late = people.post(f"{one}/answers", json={"text": "One more."})
    assert (late.status_code, late.json()["error_code"]) == (409, "RPT_003")
    admin = server.client(scopes=["admin"])
    records = admin.get("/v1/audit-trail", params={"subject": request["id"], "limit": 100}).json()["records"]
    done = [each["action"] for each in records if each["outcome"] == "done" and each["action"].startswith("evidence")]
    assert sorted(done) == [
        "evidence_answered", "evidence_request_closed", "evidence_request_closed", "evidence_requested",
    ]  # fmt: skip


def test_lists_are_filtered(people: httpx.Client) -> None:
    """By status, framework and requirement in any spelling, newest first."""
    ids = [
        people.post(PATH, json=given).json()["id"]
        for given in (body(), body(requirement="CC6.2"), body(framework="hipaa", requirement="164.308(a)(1)(i)"))
    ]
    people.post(f"{PATH}/{ids[0]}/answers", json={"text": "Here."})
    people.post(f"{PATH}/{ids[1]}/close")
    queries: tuple[tuple[dict[str, str], set[str]], ...] = (
        ({}, set(ids)),
        ({"status": "open"}, {ids[2]}),
        ({"status": "answered"}, {ids[0]}),
        ({"status": "closed"}, {ids[1]}),
        ({"framework": "soc2"}, set(ids[:2])),
        ({"framework": "soc2", "requirement": "cc6.1"}, {ids[0]}),
        ({"framework": "soc2", "requirement": "CC9.9"}, set()),
    )
    for query, expected in queries:
        listed = people.get(PATH, params=query).json()
        assert {each["id"] for each in listed["evidence_requests"]} == expected, query
        assert listed["pagination"]["total"] == len(expected), query
    assert people.get(PATH, params={"requirement": "CC6.1"}).json()["details"][0]["field"] == "requirement"
    assert people.get(PATH, params={"status": "late"}).status_code == 400


def test_an_auditor_asks_within_the_grant_and_sees_the_own_requests(
    people: httpx.Client, auditors: tuple[GrantRow, httpx.Client, httpx.Client]
) -> None:
    """Other frameworks and times are refused; requests of another auditor and of the organisation are not there."""
    grant, first, second = auditors
    for moment in (grant.period.start, grant.period.end + timedelta(seconds=2)):
        assert first.post(PATH, json=body(as_of=_text(moment))).status_code == 404, moment
    foreign = first.post(PATH, json=body(framework="hipaa", requirement="164.308(a)(1)(i)"))
    assert (foreign.status_code, foreign.json()["details"][0]["field"]) == (400, "framework")
    mine, theirs, internal = (each.post(PATH, json=body()).json()["id"] for each in (first, second, people))
    assert [each["id"] for each in first.get(PATH).json()["evidence_requests"]] == [mine]
    for other in (theirs, internal):
        assert first.get(f"{PATH}/{other}").status_code == 404
        assert first.post(f"{PATH}/{other}/close").status_code == 404
        assert people.get(f"{PATH}/{other}").json()["status"] == "open"
    assert first.post(f"{PATH}/{mine}/answers", json={"text": "Mine."}).status_code == 403
    assert {each["id"] for each in people.get(PATH).json()["evidence_requests"]} == {mine, theirs, internal}


def test_requests_are_the_organisations_own(server: ApiServer, people: httpx.Client) -> None:
    """Another organisation neither lists, reads, answers nor closes them, and its attestations answer nothing here."""
    request = people.post(PATH, json=body()).json()["id"]
    other = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert other.get(PATH).json()["evidence_requests"] == []
    assert other.get(f"{PATH}/{request}").status_code == 404
    assert other.post(f"{PATH}/{request}/answers", json={"text": "x"}).status_code == 404
    assert other.post(f"{PATH}/{request}/close").status_code == 404
    reader = server.client(scopes=["reports:read"])
    assert reader.get(f"{PATH}/{request}").status_code == 200
    assert reader.post(PATH, json=body()).status_code == 403
    assert reader.post(f"{PATH}/{request}/close").status_code == 403
    wrong = (_attestation(other), _attestation(people, "CC6.2"), "att_0000000000000000")
    for attestation_id in wrong:
        answer = people.post(f"{PATH}/{request}/answers", json={"text": "x", "attestation_id": attestation_id})
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "attestation_id"), attestation_id
    assert people.get(f"{PATH}/{request}").json()["answers"] == []


def test_what_is_wrong_is_named(server: ApiServer, people: httpx.Client) -> None:
    """Every problem at once, each with its field."""
    future = _text(server.clock() + timedelta(days=2))
    for given, fields in (
        (body(requirement="CC6.111", text="  ", as_of=future), {"requirement", "text", "as_of"}),
        (body(framework="soc3"), {"framework"}),
        (body(text="x" * 4001, role="\x00"), {"text", "role"}),
        (body(status="closed"), {"status"}),
    ):
        answer = people.post(PATH, json=given)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
        assert {detail["field"] for detail in answer.json()["details"]} == fields
    request = people.post(PATH, json=body()).json()["id"]
    answer = people.post(f"{PATH}/{request}/answers", json={"text": " ", "by": "me"})
    assert {detail["field"] for detail in answer.json()["details"]} == {"text", "by"}


def test_the_client_has_the_same_steps(server: ApiServer) -> None:
    """Ask, list, answer, close; an unknown request is 404."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client", scopes=SCOPES)
    with Client(server.url, token, attempts=1) as api:
        made = api.create_evidence_request(body())
        assert (made.requirement, made.requested_by_name, made.status) == ("CC6.1", "client", "open")
        assert api.answer_evidence_request(made.id, "Here.").answers[0]["text"] == "Here."
        assert [each.id for each in api.iterate_evidence_requests(status="answered")] == [made.id]
        assert api.close_evidence_request(made.id).status == "closed"
        assert api.get_evidence_request(made.id).status == "closed"
        assert api.list_evidence_requests(framework="hipaa").items == ()
        with pytest.raises(ApiError) as refused:
            api.get_evidence_request("evr_0000000000000000")
        assert refused.value.status == 404
