"""Links, sharing, the access log, cancelling and deleting."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from policycortex.errors import NotFoundError
from policycortex.names import ReportFormat
from tests.support.api_server import ApiServer
from tests.support.backends import artifact_keys

CONTENT = b"%PDF-1.7 a report"


@pytest.fixture
def report_id(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> str:
    """A completed report."""
    made = client.post("/v1/reports", json=order).json()["id"]
    server.complete(made, {ReportFormat.PDF: CONTENT})
    return str(made)


def _link(client: httpx.Client, report_id: str, **wish: object) -> dict[str, Any]:
    answer = client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf", **wish})
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def test_a_link_downloads_without_a_key_until_it_expires(
    server: ApiServer, client: httpx.Client, report_id: str
) -> None:
    """The documentation's call; the link serves the file with its headers, and is RPT_002 from its end on."""
    link = _link(client, report_id, expires_in=3600)
    assert (link["format"], link["expires_in"], link["report_id"]) == ("pdf", 3600, report_id)
    stranger = server.bare_client()
    answer = stranger.get(link["url"])
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert stranger.get(link["url"]).status_code == 200
    server.clock.pass_by(timedelta(seconds=3600))
    answer = stranger.get(link["url"])
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_002")
    assert "Download link has expired" in answer.json()["possible_causes"]


def test_links_end_when_their_key_is_revoked(server: ApiServer, report_id: str) -> None:
    """Attack: a link made by a key that was stolen still serves the report for up to a week after the key was revoked.

    Revoking the key ends its two open links; the one-time link that was used and links of other keys do not count.
    """
    key, client = server.keyed_client()
    urls, stranger = [_link(client, report_id, expires_in=604_800)["url"] for _ in range(2)], server.bare_client()
    used, other = _link(client, report_id, one_time=True)["url"], _link(server.client(), report_id)["url"]
    assert [stranger.get(url).status_code for url in (*urls, used, other)] == [200, 200, 200, 200]
    assert server.registry.keys.revoke_key(key.id, now=server.clock())[1] == 2
    assert [stranger.get(url).status_code for url in (*urls, other)] == [404, 404, 200]
    assert server.registry.keys.revoke_key(key.id, now=server.clock())[1] == 0


def test_links_end_when_their_key_expires(server: ApiServer, report_id: str) -> None:
    """The answer states the end of the key, and a later change of that end, as by a rotation, ends the link too."""
    key, client = server.keyed_client()
    link, stranger = _link(client, report_id, expires_in=604_800), server.bare_client()
    server.registry.keys.rotate_key(key.id, overlap=timedelta(hours=1), now=server.clock())
    assert stranger.get(link["url"]).status_code == 200
    server.clock.pass_by(timedelta(hours=1))
    assert stranger.get(link["url"]).status_code == 404
    short, short_client = server.keyed_client(expires_at=server.clock() + timedelta(minutes=10))
    assert short.expires_at is not None
    assert _link(short_client, report_id, expires_in=3600)["expires_in"] == 600


def test_a_link_works_only_from_the_networks_of_its_key(server: ApiServer, report_id: str) -> None:
    """Attack: a key bound to a network makes a link, and the link is opened from elsewhere."""
    key, client = server.keyed_client(networks=["127.0.0.0/8", "::1/128"])
    url, stranger = _link(client, report_id)["url"], server.bare_client()
    assert stranger.get(url).status_code == 200
    token = url.rsplit("/", 1)[1]
    links, now = server.registry.links, server.clock()
    assert links.find_link(token, now=now, address="::ffff:127.0.0.1").created_by == key.id
    for address in ("203.0.113.9", "not-an-address", None):
        with pytest.raises(NotFoundError):
            links.find_link(token, now=now, address=address)


def test_a_one_time_link_serves_the_whole_file_once(server: ApiServer, client: httpx.Client, report_id: str) -> None:
    """HEAD does not use it up, a range is not served from it, and the second GET is 404."""
    url, stranger = _link(client, report_id, one_time=True)["url"], server.bare_client()
    assert stranger.head(url).status_code == 200
    assert stranger.get(url, headers={"Range": "bytes=0-1"}).content == CONTENT
    assert stranger.get(url).status_code == 404


def test_links_end_with_the_report_and_by_sharing(server: ApiServer, client: httpx.Client, report_id: str) -> None:
    """links_allowed false ends all and forbids new ones; deleting ends all."""
    first, stranger = _link(client, report_id)["url"], server.bare_client()
    sharing = {"visibility": "organization", "links_allowed": False}
    assert client.put(f"/v1/reports/{report_id}/sharing", json=sharing).json()["links"] == []
    assert stranger.get(first).status_code == 404
    assert client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf"}).status_code == 409
    client.put(f"/v1/reports/{report_id}/sharing", json=sharing | {"links_allowed": True})
    second = _link(client, report_id)["url"]
    assert client.delete(f"/v1/reports/{report_id}").status_code == 204
    assert stranger.get(second).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "pdf", "expires_in": 59}, "expires_in"),
        ({"format": "pdf", "expires_in": 604_801}, "expires_in"),
        ({"format": "pdf", "expires_in": "3600"}, "expires_in"),
        ({"format": "odt"}, "format"),
        ({}, "format"),
        ({"format": "pdf", "expire_in": 60}, "expire_in"),
    ],
)
def test_a_wrong_wish_for_a_link_is_named(
    client: httpx.Client, report_id: str, body: dict[str, Any], field: str
) -> None:
    """RPT_001 with the field."""
    answer = client.post(f"/v1/reports/{report_id}/download-link", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "RPT_001")
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


def test_a_report_shared_with_keys_is_hidden_from_others(
    server: ApiServer, client: httpx.Client, report_id: str
) -> None:
    """The named key, the ordering key and admin see it; for another key it is in no list, count or answer."""
    named, named_client = server.keyed_client()
    other, admin = server.client(), server.client(scopes=["admin"])
    path = f"/v1/reports/{report_id}"
    shared = client.put(f"{path}/sharing", json={"visibility": "keys", "keys": [named.id]})
    assert (shared.json()["visibility"], shared.json()["keys"]) == ("keys", [named.id])
    for reader in (client, named_client, admin):
        assert reader.get(path).json()["access"]["visibility"] == "keys"
        assert reader.get("/v1/reports").json()["pagination"]["total"] == 1
    for hidden in (path, f"{path}/download/pdf", f"{path}/sharing", f"{path}/access-log"):
        assert other.get(hidden).status_code == 404
    assert other.delete(path).status_code == 404
    assert other.get("/v1/reports").json() == {
        "reports": [],
        "pagination": {"total": 0, "limit": 20, "offset": 0, "has_more": False},
    }
    assert other.get("/v1/reports", params={"q": "monthly"}).json()["pagination"]["total"] == 0
    client.put(f"{path}/sharing", json={"visibility": "organization"})
    assert other.get(path).status_code == 200


def test_keys_of_another_organisation_cannot_be_named(server: ApiServer, client: httpx.Client, report_id: str) -> None:
    """An unknown and a foreign key look the same."""
    foreign, _ = server.keyed_client(organization=f"{server.organization}-other")
    body = {"visibility": "keys", "keys": ["key_none", foreign.id]}
    answer = client.put(f"/v1/reports/{report_id}/sharing", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["details"]] == ["keys.0", "keys.1"]


def test_every_read_and_download_is_logged(server: ApiServer, report_id: str) -> None:
    """Newest first, with the key and the request; a list is no read of one report."""
    key, client = server.keyed_client()
    path = f"/v1/reports/{report_id}"
    client.get(path, headers={"X-Request-Id": "mine-1"})
    client.get(f"{path}/download/pdf")
    client.get("/v1/reports")
    server.bare_client().get(_link(client, report_id)["url"])
    body = client.get(f"{path}/access-log", params={"limit": 4}).json()
    assert [entry["action"] for entry in body["entries"]] == ["link_used", "link_created", "downloaded", "read"]
    assert body["entries"][0]["actor"].startswith("link:lnk_")
    assert (body["entries"][3]["actor"], body["entries"][3]["request_id"]) == (key.id, "mine-1")
    assert (body["entries"][2]["format"], body["entries"][2]["address"]) == ("pdf", "127.0.0.1")
    assert body["pagination"] == {"total": 5, "limit": 4, "offset": 0, "has_more": True}


def test_cancelling_ends_the_run_and_stays(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """The report is cancelled, its run is stopped; again changes nothing; a completed one is 409."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    answer = client.post(f"/v1/reports/{report_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert server.launcher.cancelled == [f"run-of-{report_id}"]
    assert client.post(f"/v1/reports/{report_id}/cancel").status_code == 200
    done = client.post("/v1/reports", json=order).json()["id"]
    server.complete(done)
    answer = client.post(f"/v1/reports/{done}/cancel")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "RPT_003")


def test_cancelling_works_while_the_orchestrator_is_away(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """The row is the truth: whatever the run does later, it cannot complete."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.launcher.is_away = True
    assert client.post(f"/v1/reports/{report_id}/cancel").json()["status"] == "cancelled"


def test_deleting_removes_the_files(server: ApiServer, client: httpx.Client, report_id: str) -> None:
    """204, then 404 everywhere, and nothing on disk; an open one has its run ended."""
    assert artifact_keys(server.settings, report_id)
    assert client.delete(f"/v1/reports/{report_id}").status_code == 204
    assert artifact_keys(server.settings, report_id) == []
    assert client.get(f"/v1/reports/{report_id}").status_code == 404
    assert client.delete(f"/v1/reports/{report_id}").status_code == 404
    assert client.get("/v1/reports").json()["pagination"]["total"] == 0


def test_an_expired_report_answers_as_documented(server: ApiServer, client: httpx.Client, report_id: str) -> None:
    """Listed as expired, its file is RPT_002, its link too."""
    url = _link(client, report_id)["url"]
    with server.registry._database.writing() as connection:
        statement = text("UPDATE reports SET expires_at = created_at WHERE id = :id")
        connection.execute(statement, {"id": report_id})
    assert [row.id for row in server.registry.reports.expire_reports(now=server.clock())] == [report_id]
    answer = client.get(f"/v1/reports/{report_id}/download/pdf")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RPT_002")
    assert client.get("/v1/reports", params={"status": "expired"}).json()["pagination"]["total"] == 1
    assert server.bare_client().get(url).status_code == 404


def test_polls_are_recorded_once(server: ApiServer, order: dict[str, Any]) -> None:
    """Of reads of one report by one key, the first within ten minutes; another key's and a later one as well."""
    client, other = server.client(), server.client()
    report_id = client.post("/v1/reports", json=order).json()["id"]

    def reads() -> int:
        entries = other.get(f"/v1/reports/{report_id}/access-log").json()["entries"]
        return sum(entry["action"] == "read" for entry in entries)

    for _ in range(5):
        assert client.get(f"/v1/reports/{report_id}").status_code == 200
    assert reads() == 1
    other.get(f"/v1/reports/{report_id}")
    assert reads() == 2
    server.clock.pass_by(timedelta(minutes=10))
    client.get(f"/v1/reports/{report_id}")
    assert reads() == 3
