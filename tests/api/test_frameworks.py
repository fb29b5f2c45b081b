"""Frameworks are listed, shown and uploaded, each organisation's own to itself."""

from typing import Any

import httpx
import pytest

from tests.support.api_server import ApiServer

BASELINE = {
    "id": "acme-baseline",
    "name": "Acme baseline",
    "version": "2026.1",
    "requirements": [
        {"id": "B1", "title": "Storage is private", "section": "Storage"},
        {"id": "B2", "title": "Staff are trained", "section": "People"},
    ],
    "crosswalk": {"checks": {"aws": {"s3_bucket_public_access": ["B1"]}}},
}


@pytest.fixture
def writer(server: ApiServer) -> httpx.Client:
    """A client that may upload frameworks and read."""
    return server.client(scopes=["frameworks:write", "reports:read", "reports:write"])


def test_built_in_frameworks_are_listed_with_their_size(client: httpx.Client) -> None:
    """SOC 2 has 61 criteria, ISO 27001:2022 Annex A 93 controls."""
    listed = {item["id"]: item for item in client.get("/v1/frameworks").json()["frameworks"]}
    assert (listed["soc2"]["requirement_count"], listed["iso27001"]["requirement_count"]) == (61, 93)
    assert listed["hipaa"]["is_builtin"]


def test_a_framework_shows_its_requirements(client: httpx.Client) -> None:
    """Under the standard's own ids, in its order; an unknown one is 404."""
    shown = client.get("/v1/frameworks/soc2").json()
    assert shown["requirements"][0]["id"] == "CC1.1"
    assert shown["crosswalk_version"]
    answer = client.get("/v1/frameworks/soc3")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_006")


@pytest.mark.parametrize("media_type", ["application/json", "application/yaml"])
def test_an_upload_can_be_ordered_at_once(
    server: ApiServer, writer: httpx.Client, order: dict[str, Any], media_type: str
) -> None:
    """201 with Location; shown with its crosswalk; an order may name it. JSON is YAML, too."""
    answer = writer.post(
        "/v1/frameworks", content=str(BASELINE).replace("'", '"'), headers={"Content-Type": media_type}
    )
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{server.url}/v1/frameworks/acme-baseline"
    shown = writer.get("/v1/frameworks/acme-baseline").json()
    assert shown == answer.json()
    assert [(r["id"], r["checks"]) for r in shown["requirements"]] == [
        ("B1", ["aws/s3_bucket_public_access"]),
        ("B2", []),
    ]
    assert writer.post("/v1/reports", json=order | {"framework": "acme-baseline"}).status_code == 202


def test_an_upload_is_the_organisations_own(server: ApiServer, writer: httpx.Client, order: dict[str, Any]) -> None:
    """Another organisation can neither see nor order it, and its suggestion does not name it."""
    writer.post("/v1/frameworks", json=BASELINE)
    other = server.client(organization=f"{server.organization}-other")
    assert other.get("/v1/frameworks/acme-baseline").status_code == 404
    assert "acme" not in other.get("/v1/frameworks").text
    answer = other.post("/v1/reports", json=order | {"framework": "acme-baselin"})
    assert answer.status_code == 400
    assert "'acme-baseline'" not in answer.text


def test_an_upload_replaces_the_own_but_never_a_built_in(writer: httpx.Client) -> None:
    """The same id again is the newer one; soc2 is 409."""
    writer.post("/v1/frameworks", json=BASELINE)
    assert writer.post("/v1/frameworks", json=BASELINE | {"version": "2026.2"}).status_code == 201
    assert writer.get("/v1/frameworks/acme-baseline").json()["version"] == "2026.2"
    answer = writer.post("/v1/frameworks", json=BASELINE | {"id": "soc2"})
    assert (answer.status_code, answer.json()["error_code"]) == (409, "RPT_003")


def test_every_problem_of_an_upload_is_named(writer: httpx.Client) -> None:
    """RPT_001 with details; broken YAML and other media types too."""
    bad = BASELINE | {"requirements": [{"title": "no id"}], "versoin": "1"}
    answer = writer.post("/v1/frameworks", json=bad)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
    assert len(answer.json()["details"]) >= 2
    broken = writer.post("/v1/frameworks", content="a: [", headers={"Content-Type": "application/yaml"})
    assert (broken.status_code, broken.json()["error_code"]) == (400, "RPT_001")
    assert writer.post("/v1/frameworks", content="x", headers={"Content-Type": "text/plain"}).status_code == 415
