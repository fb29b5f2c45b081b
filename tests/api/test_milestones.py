"""Milestones over the API: author and time, never changed, completed or replaced once, each organisation's own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.poam_numbers import number_organization
from policycortex_client import ApiError, Client
from tests.support.api_server import ApiServer
from tests.support.samples.lake import finding, import_findings

SCOPES = ["findings:write", "reports:read"]
DUE = "2026-12-31"


def body(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A good new milestone; None leaves a field out."""
    given = {"item": "POAM-00001/cc6.1", "framework": "soc2", "text": " The policy is reviewed ", "due_on": DUE}
    return {name: value for name, value in (given | changed).items() if value is not None}


def later(change: str, earlier: str, **given: str) -> dict[str, Any]:
    """A body that completes or replaces an earlier milestone."""
    return {change: earlier, "text": "Done", **given}


@pytest.fixture
def numbered(server: ApiServer) -> ApiServer:
    """The test's own organisation has two weaknesses, POAM-00001 and POAM-00002."""
    day = server.clock().date() - timedelta(days=1)
    with open_lake(server.settings) as lake:
        found = [finding(day, "c1"), finding(day, "c2")]
        lake.state.rebuild_state(import_findings(lake, found, organization=server.organization))
        number_organization(lake, server.organization)
    return server


@pytest.fixture
def owner(numbered: ApiServer) -> httpx.Client:
    """A key that may state milestones."""
    return numbered.client(scopes=SCOPES)


def test_a_milestone_has_its_author_and_time_and_stays(numbered: ApiServer) -> None:
    """Canonical requirement, identity, time; listed newest first by item and framework; in the audit log."""
    key, owner = numbered.keyed_client(scopes=SCOPES)
    made = owner.post("/v1/milestones", json=body(role="System owner"))
    assert made.status_code == 201, made.text
    found = made.json()
    now = numbered.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {name: value for name, value in found.items() if name != "id"} == {
        "item": "POAM-00001/CC6.1", "framework": "soc2", "requirement": "CC6.1", "text": "The policy is reviewed",
        "due_on": DUE, "done_on": None, "earlier": None, "change": None, "changed": None, "author": key.id,
        "author_name": key.name, "author_role": "System owner", "made_at": now,
    }  # fmt: skip
    assert made.headers["Location"] == f"{numbered.url}/v1/milestones/{found['id']}"
    assert owner.get(f"/v1/milestones/{found['id']}").json() == found
    numbered.clock.pass_by(timedelta(minutes=1))
    whole = owner.post("/v1/milestones", json=body(item="poam-1", framework=None)).json()
    assert (whole["item"], whole["framework"]) == ("POAM-00001", None)
    other = owner.post("/v1/milestones", json=body(item="POAM-00002", framework=None)).json()
    for query, expected in (
        ({}, {found["id"], whole["id"], other["id"]}),
        ({"item": "POAM-00001"}, {found["id"], whole["id"]}),
        ({"item": "POAM-00001/CC6.1"}, {found["id"]}),
        ({"framework": "soc2"}, {found["id"]}),
        ({"framework": "hipaa"}, set()),
    ):
        listed = owner.get("/v1/milestones", params=query).json()
        assert {each["id"] for each in listed["milestones"]} == expected, query
        assert listed["pagination"]["total"] == len(expected)
    listed = owner.get("/v1/milestones", params={"item": "POAM-00001"}).json()["milestones"]
    assert [each["id"] for each in listed] == [whole["id"], found["id"]]
    for method in ("PUT", "PATCH", "DELETE"):
        assert owner.request(method, f"/v1/milestones/{found['id']}", json={}).status_code == 405
    entries = numbered.client(scopes=["admin"]).get("/v1/audit-trail", params={"action": "milestone_created"}).json()
    (entry,) = (each for each in entries["records"] if each["subject"] == found["id"])
    assert (entry["actor"], entry["details"]["item"], entry["details"]["framework"]) == (
        key.id, "POAM-00001/CC6.1", "soc2",
    )  # fmt: skip


def test_a_later_one_replaces_or_completes_it_once(numbered: ApiServer, owner: httpx.Client) -> None:
    """With the item of the earlier one; a second time is a conflict, and a completion is the end."""
    first = owner.post("/v1/milestones", json=body()).json()
    moved = owner.post("/v1/milestones", json=later("replaces", first["id"], due_on="2027-01-31"))
    assert moved.status_code == 201, moved.text
    second = moved.json()
    assert (second["item"], second["framework"], second["earlier"], second["change"], second["due_on"]) == (
        "POAM-00001/CC6.1", "soc2", first["id"], "replaced", "2027-01-31",
    )  # fmt: skip
    done = owner.post("/v1/milestones", json=later("completes", second["id"])).json()
    today = numbered.clock().date().isoformat()
    assert (done["change"], done["due_on"], done["done_on"]) == ("completed", None, today)
    for earlier in (first["id"], second["id"], done["id"]):
        for given in (later("completes", earlier), later("replaces", earlier, due_on=DUE)):
            answer = owner.post("/v1/milestones", json=given)
            assert (answer.status_code, answer.json()["error_code"]) == (409, "RPT_003"), given
    assert owner.get(f"/v1/milestones/{first['id']}").json() == first | {"changed": "replaced"}
    listed = owner.get("/v1/milestones").json()["milestones"]
    assert {each["id"]: each["changed"] for each in listed} == {
        first["id"]: "replaced", second["id"]: "completed", done["id"]: None,
    }  # fmt: skip


def test_milestones_are_the_organisations_own(numbered: ApiServer, owner: httpx.Client) -> None:
    """Another one neither lists, reads nor completes them, and has none of their numbers; readers state none."""
    id_ = owner.post("/v1/milestones", json=body()).json()["id"]
    other = numbered.client(organization=f"{numbered.organization}-other", scopes=["admin"])
    assert other.get("/v1/milestones").json()["milestones"] == []
    assert other.get(f"/v1/milestones/{id_}").status_code == 404
    assert other.post("/v1/milestones", json=later("completes", id_)).status_code == 404
    assert other.post("/v1/milestones", json=body()).status_code == 400
    reader = numbered.client(scopes=["reports:read"])
    assert reader.post("/v1/milestones", json=body()).status_code == 403
    assert reader.get(f"/v1/milestones/{id_}").status_code == 200


def test_what_is_wrong_is_named(numbered: ApiServer, owner: httpx.Client) -> None:
    """Every problem at once, each with its field."""
    id_ = owner.post("/v1/milestones", json=body()).json()["id"]
    future = (numbered.clock().date() + timedelta(days=2)).isoformat()
    for given, fields in (
        (body(item="POAM-99999/CC6.1"), {"item"}),
        (body(item="12/CC6.1", text="a\nb", due_on="tomorrow"), {"item", "text", "due_on"}),
        (body(item=None, framework=None, due_on=None), {"item", "due_on"}),
        (body(framework=None), {"framework"}),
        (body(framework="soc3"), {"framework"}),
        (body(item="POAM-00001/CC6.111"), {"framework"}),
        (body(item="POAM-00001"), {"framework"}),
        (body(due_on="1999-01-01", done_on=DUE, author="key_1"), {"due_on", "done_on", "author"}),
        (later("completes", id_, due_on=DUE, done_on=future), {"due_on", "done_on"}),
        (later("completes", id_, item="POAM-00002"), {"item"}),
        (later("completes", id_, replaces=id_), {"replaces"}),
        (later("replaces", id_), {"due_on"}),
    ):
        answer = owner.post("/v1/milestones", json=given)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001"), given
        assert {detail["field"] for detail in answer.json()["details"]} == fields, given
    refused = owner.get("/v1/milestones", params={"item": "CC6.1"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "item")


def test_the_client_states_and_lists(numbered: ApiServer) -> None:
    """``policycortex_client`` has the same steps; an unknown milestone is 404."""
    _, token = numbered.registry.keys.create_key(organization=numbered.organization, name="client", scopes=SCOPES)
    with Client(numbered.url, token, attempts=1) as api:
        made = api.create_milestone(body())
        assert (made.item, made.author_name, made.due_on and made.due_on.isoformat()) == (
            "POAM-00001/CC6.1", "client", DUE,
        )  # fmt: skip
        done = api.create_milestone(later("completes", made.id, done_on="2026-01-31"))
        assert (done.change, done.earlier, done.done_on and done.done_on.isoformat()) == (
            "completed", made.id, "2026-01-31",
        )  # fmt: skip
        found = api.get_milestone(made.id)
        assert (made.changed, found.changed) == (None, "completed")
        assert replace(found, changed=None, raw=made.raw) == made
        assert {each.id for each in api.iterate_milestones(item="POAM-00001")} == {made.id, done.id}
        assert api.list_milestones(framework="hipaa").items == ()
        with pytest.raises(ApiError) as refused:
            api.get_milestone("mst_0000000000000000")
        assert refused.value.status == 404
