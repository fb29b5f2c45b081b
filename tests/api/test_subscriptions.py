"""Subscriptions to events over HTTP: made, listed, ended; their events with what became of each."""

from typing import Any

import pytest

from policycortex.names import EventKind
from policycortex.storage.registry import Failure
from policycortex.storage.registry.event_rows import NewSubscription
from tests.support.api_server import ApiServer

PATH = "/v1/subscriptions"
BODY: dict[str, Any] = {"name": "desk", "events": ["report.failed"], "connection": "hook"}
CONNECTIONS = (
    "connections: {hook: {type: webhook, secret: 'env:NONE', organizations: ['*'],"
    " allowed_targets: ['https://hooks.example.com/events']}}"
)


@pytest.fixture
def connected(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> ApiServer:
    """A server with a webhook connection that has no URL of its own."""
    settings = server.settings.model_copy(update={"connections": CONNECTIONS})
    monkeypatch.setattr(server.app.state.services, "settings", settings)
    return server


def test_a_subscription_is_made_listed_and_ended(connected: ApiServer) -> None:
    """For admins only, and each organisation sees its own."""
    admin = connected.client(scopes=["admin"])
    made = admin.post(PATH, json=BODY | {"url": "https://hooks.example.com/events"})
    assert (made.status_code, made.json()["events"]) == (201, ["report.failed"])
    subscription = made.json()["id"]
    assert made.headers["Location"].endswith(f"{PATH}/{subscription}")
    assert admin.get(f"{PATH}/{subscription}").json() == made.json()
    assert [each["id"] for each in admin.get(PATH).json()["subscriptions"]] == [subscription]
    assert connected.client().get(PATH).status_code == 403
    stranger = connected.client(organization="events-stranger", scopes=["admin"])
    assert stranger.get(PATH).json()["pagination"]["total"] == 0
    assert stranger.delete(f"{PATH}/{subscription}").status_code == 404
    assert admin.delete(f"{PATH}/{subscription}").status_code == 204
    assert admin.get(f"{PATH}/{subscription}").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": ["report.lost"]}, "events.0"),
        ({"events": []}, "events"),
        ({"connection": "pigeon"}, "connection"),
        ({}, "url"),
        ({"url": "https://elsewhere.example.com/events"}, "url"),
        ({"url": "ftp://hooks.example.com"}, "url"),
        ({"uri": "https://hooks.example.com/events"}, "uri"),
    ],
)
def test_a_wrong_body_is_refused(connected: ApiServer, change: dict[str, Any], field: str) -> None:
    """With the field: an unknown kind or connection, no URL, or one that the connection does not allow."""
    refused = connected.client(scopes=["admin"]).post(PATH, json=BODY | change)
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, field)


def test_events_are_listed_and_replayed(server: ApiServer, order: dict[str, Any]) -> None:
    """A failed report is one event that waits; a waiting one is not replayed, and an unknown one is 404."""
    admin, kept = server.client(scopes=["admin"]), server.registry.subscriptions
    new = NewSubscription(name="desk", connection="hook", url="", kinds=(EventKind.REPORT_FAILED,))
    subscription = kept.create_subscription(server.organization, new, by="key", now=server.clock())
    report_id = admin.post("/v1/reports", json=order).json()["id"]
    server.registry.reports.fail_report(report_id, Failure(code="x", message="no memory"), now=server.clock())
    (event,) = admin.get(f"{PATH}/{subscription.id}/events").json()["events"]
    assert (event["event"], event["status"], event["attempt_count"]) == ("report.failed", "pending", 0)
    assert event["data"]["report"]["id"] == report_id
    replay = f"{PATH}/{subscription.id}/events/{{}}/replay"
    assert admin.post(replay.format(event["id"])).status_code == 409
    assert admin.post(replay.format("evt_0")).status_code == 404
