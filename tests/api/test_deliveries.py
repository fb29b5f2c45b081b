"""Deliveries on request: cancelled, added to a report, sent as a test; who made a schedule."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx

from policycortex.storage.registry import Failure
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.storage.registry.send_limits import SendLimits
from policycortex.workflow.scheduling import claim_due_ticks
from tests.api.test_audit_trail import records
from tests.support.api_server import ApiServer
from tests.support.ledger import MONTHLY

_PATH = "/v1/reports/schedules"
_NO_LIMITS = SendLimits(organization=10_000, endpoint_of_organization=10_000, endpoint=10_000)
_ME = {"delivery": {"email": {"recipients": ["me@company.com"]}}}


def _deliveries(server: ApiServer, report_id: str) -> dict[str, DeliveryRow]:
    rows, _ = server.registry.deliveries.list_deliveries(server.organization, report_id=report_id)
    return {row.target: row for row in rows}


def _run(client: httpx.Client) -> tuple[str, str]:
    """A schedule and the report of one run, whose deliveries wait."""
    schedule_id = client.post(_PATH, json=MONTHLY).json()["id"]
    return schedule_id, client.post(f"{_PATH}/{schedule_id}/run").json()["report_id"]


def _claim_until(server: ApiServer, delivery_id: str) -> None:
    """Claim due deliveries until this one is claimed. The server is shared: any number of others may be due before."""
    now = server.clock() + timedelta(hours=1)
    while True:
        held = server.registry.deliveries.claim_delivery(now=now, lease=timedelta(minutes=2), limits=_NO_LIMITS)
        assert held is not None, "the delivery is not due"
        if held.id == delivery_id:
            return


def test_a_waiting_delivery_is_cancelled_once(server: ApiServer, client: httpx.Client) -> None:
    """Not by a stranger or a key that may only read; again changes nothing; replayed it waits again."""
    _, report_id = _run(client)
    row = _deliveries(server, report_id)["ceo@company.com"]
    path = f"/v1/deliveries/{row.id}/cancel"
    assert server.client(organization="stranger").post(path).status_code == 404
    assert server.client(scopes=("reports:read",)).post(path).status_code == 403
    for _ in range(2):
        cancelled = client.post(path)
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert cancelled.json()["reason"] == "cancelled on request"
    assert client.get("/v1/deliveries", params={"status": "cancelled"}).json()["pagination"]["total"] == 1
    events = [event for event in records(server.client(scopes=["admin"])) if event["action"] == "delivery_cancelled"]
    assert [(event["subject"], event["outcome"]) for event in events] == [(row.id, "refused"), *[(row.id, "done")] * 2]
    assert client.post(f"/v1/deliveries/{row.id}/replay").json()["status"] == "pending"
    server.registry.deliveries.release_deliveries(now=server.clock())
    claimed = server.complete(report_id)
    assert claimed.status.value == "completed"
    _claim_until(server, row.id)
    refused = client.post(path)
    assert refused.status_code == 409
    assert "is sending" in refused.json()["error_description"]


def test_what_waits_ends_with_its_schedule(server: ApiServer, client: httpx.Client) -> None:
    """Its report stays; the audit log tells how many deliveries were cancelled."""
    schedule_id, report_id = _run(client)
    assert client.delete(f"{_PATH}/{schedule_id}").status_code == 204
    rows = _deliveries(server, report_id)
    assert {(row.status.value, row.reason) for row in rows.values()} == {
        ("cancelled", "its schedule was deleted before it was sent")
    }
    assert client.get(f"/v1/reports/{report_id}").status_code == 200
    (event,) = (e for e in records(server.client(scopes=["admin"])) if e["action"] == "schedule_deleted")
    assert event["details"]["deliveries_cancelled"] == 3


def test_what_waits_ends_with_its_report(server: ApiServer, client: httpx.Client) -> None:
    """Whether the report is open or completed."""
    for is_completed in (False, True):
        _, report_id = _run(client)
        if is_completed:
            server.complete(report_id)
            server.registry.deliveries.release_deliveries(now=server.clock())
            assert {row.status.value for row in _deliveries(server, report_id).values()} == {"pending"}
        assert client.delete(f"/v1/reports/{report_id}").status_code == 204
        assert {(row.status.value, row.reason) for row in _deliveries(server, report_id).values()} == {
            ("cancelled", "its report was deleted before it was sent")
        }


def test_an_existing_report_is_delivered_to_another_destination(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """Each destination once; audited; not for strangers, restricted keys, failed reports or unknown channels."""
    order["delivery"] = {}
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    body = {"report_id": report_id, "delivery": {"email": {"recipients": ["auditor@company.com"]}, "webhook": None}}
    answer = client.post("/v1/deliveries", json=body)
    assert answer.status_code == 202
    (made,) = answer.json()["deliveries"]
    assert (made["target"], made["status"], made["report_id"]) == ("auditor@company.com", "waiting", report_id)
    assert [row["id"] for row in client.post("/v1/deliveries", json=body).json()["deliveries"]] == [made["id"]]
    server.registry.deliveries.release_deliveries(now=server.clock())
    assert _deliveries(server, report_id)["auditor@company.com"].status.value == "pending"
    assert server.client(organization="stranger").post("/v1/deliveries", json=body).status_code == 404
    assert server.client(scopes=("reports:read", "reports:write")).post("/v1/deliveries", json=body).status_code == 403
    client.put(f"/v1/reports/{report_id}/sharing", json={"visibility": "keys", "keys": []})
    assert server.client().post("/v1/deliveries", json=body).status_code == 404
    for delivery, field in (
        ({}, "delivery"),
        ({"fax": {}}, "delivery.fax"),
        ({"condition": {"type": "always"}}, "delivery.condition"),
        ({"slack": {"channel": "general"}}, "delivery.slack.channel"),
    ):
        refused = client.post("/v1/deliveries", json=body | {"delivery": delivery})
        assert [problem["field"] for problem in refused.json()["details"]] == [field]
    failed = client.post("/v1/reports", json=order).json()["id"]
    server.registry.reports.fail_report(failed, Failure(code="RPT_500", message="no"), now=server.clock())
    assert client.post("/v1/deliveries", json=body | {"report_id": failed}).status_code == 409
    events = [e for e in records(server.client(scopes=["admin"])) if e["action"] == "deliveries_requested"]
    assert events[0]["subject"] == report_id
    assert events[0]["details"]["deliveries"] == [made["id"]]
    log = client.get(f"/v1/reports/{report_id}/access-log").json()["entries"]
    assert "delivery_requested" in {entry["action"] for entry in log}


def test_a_test_goes_to_nobody_else(server: ApiServer, client: httpx.Client) -> None:
    """With the schedule's subject; it is no run of the schedule; strangers and lesser keys cannot send one."""
    schedule_id = client.post(_PATH, json=MONTHLY).json()["id"]
    path = f"{_PATH}/{schedule_id}/test"
    answer = client.post(path, json=_ME)
    assert answer.status_code == 202
    report_id = answer.json()["report_id"]
    assert any(launched.startswith(report_id) for launched in server.launcher.launched)
    rows = _deliveries(server, report_id)
    assert list(rows) == ["me@company.com"]
    assert rows["me@company.com"].destination["subject"] == "Monthly Compliance Report - {{date}}"
    report = client.get(f"/v1/reports/{report_id}").json()
    assert report["name"] == "Monthly Executive Compliance Report (test)"
    assert client.get(f"{_PATH}/{schedule_id}/runs").json()["runs"] == []
    assert client.get(f"{_PATH}/{schedule_id}").json()["last_run"] is None
    assert server.client(organization="stranger").post(path, json=_ME).status_code == 404
    assert server.client(scopes=("reports:read", "reports:write")).post(path, json=_ME).status_code == 403
    for body, field in (
        ({}, "delivery"),
        ({"delivery": {}}, "delivery"),
        ({"delivery": {"email": {}}}, "delivery.email"),
    ):
        refused = client.post(path, json=body)
        assert refused.status_code == 400
        assert refused.json()["details"][0]["field"].startswith(field)
    assert "schedule_tested" in {event["action"] for event in records(server.client(scopes=["admin"]))}


def test_who_made_a_schedule_is_shown_and_filtered(server: ApiServer) -> None:
    """A rotated key stands for the same maker; another organisation's key finds nothing."""
    key, client = server.keyed_client()
    other, colleague = server.keyed_client()
    made = client.post(_PATH, json=MONTHLY).json()
    assert made["created_by"] == key.id
    colleague.post(_PATH, json=MONTHLY)

    def by(key_id: str, asker: httpx.Client = client) -> list[str]:
        return [row["id"] for row in asker.get(_PATH, params={"created_by": key_id}).json()["schedules"]]

    assert by(key.id) == [made["id"]]
    assert len(by(other.id)) == 1
    rotated, _ = server.registry.keys.rotate_key(key.id, now=server.clock())
    assert by(rotated.id) == [made["id"]]
    assert by(key.id, server.client(organization="stranger")) == []


def test_an_order_takes_every_channel(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Beside the documented notifications; a destination given twice is one; mistakes are named."""
    order["delivery"] = {
        "notifications": {"email": ["ceo@company.com"]},
        "email": {"recipients": ["ceo@company.com", "cto@company.com"], "subject": "{{name}}"},
        "slack": {"channel": "#reports"},
        "sftp": {"path": "in/{{date}}"},
    }
    report_id = client.post("/v1/reports", json=order).json()["id"]
    rows = _deliveries(server, report_id)
    assert {(row.channel, row.target, row.status.value) for row in rows.values()} == {
        ("email", "ceo@company.com", "waiting"),
        ("email", "cto@company.com", "waiting"),
        ("slack", "#reports", "waiting"),
        ("sftp", "in/{{date}}", "waiting"),
    }
    wrong = deepcopy(order)
    wrong["delivery"]["slack"] = {"channel": "reports"}
    refused = client.post("/v1/reports", json=wrong)
    assert [problem["field"] for problem in refused.json()["details"]] == ["delivery.slack.channel"]


def test_a_tick_is_delivered_after_its_test(server: ApiServer, client: httpx.Client) -> None:
    """A test changes nothing about the next tick and its recipients."""
    body = deepcopy(MONTHLY) | {"schedule": {"cron": "* * * * *"}}
    schedule_id = client.post(_PATH, json=body).json()["id"]
    client.post(f"{_PATH}/{schedule_id}/test", json=_ME)
    (report_id,) = claim_due_ticks(server.settings, now=server.clock() + timedelta(minutes=2), schedule_id=schedule_id)
    assert set(_deliveries(server, report_id)) == {"ceo@company.com", "cto@company.com", "#executive-reports"}


def test_deliveries_are_found_by_target_and_time(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """By the exact address; a time of creation is included after it, and excluded before it."""
    emails = ["ann@example.com", "bob@example.com"]
    body = order | {"delivery": {"notifications": {"email": emails}}}
    assert client.post("/v1/reports", json=body).status_code == 202
    listed = client.get("/v1/deliveries").json()["deliveries"]
    target = listed[0]["target"]
    found = client.get("/v1/deliveries", params={"target": target}).json()
    assert {each["target"] for each in found["deliveries"]} == {target}
    assert client.get("/v1/deliveries", params={"target": target[:-1]}).json()["pagination"]["total"] == 0
    now, later = server.clock(), server.clock() + timedelta(seconds=1)
    totals = [
        client.get("/v1/deliveries", params={name: moment.isoformat()}).json()["pagination"]["total"]
        for name, moment in (
            ("created_after", now), ("created_before", now), ("created_after", later), ("created_before", later),
        )
    ]  # fmt: skip
    assert totals == [len(listed), 0, 0, len(listed)]
    refused = client.get("/v1/deliveries", params={"created_after": "yesterday"})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "created_after")


def test_pages_are_linked(client: httpx.Client, order: dict[str, Any]) -> None:
    """The links of each page lead through all entries, with the same filters; a single page has no next one."""
    reports = {client.post("/v1/reports", json=order).json()["id"] for _ in range(3)}
    found: list[str] = []
    answer = client.get("/v1/reports", params={"limit": 2, "type": "audit", "sort": "created_at"})
    assert answer.links["last"]["url"].endswith("type=audit&sort=created_at&limit=2&offset=2")
    while True:
        found += [each["id"] for each in answer.json()["reports"]]
        if "next" not in answer.links:
            break
        answer = client.get(answer.links["next"]["url"])
    assert (len(found), set(found)) == (3, reports)
    assert answer.links["prev"]["url"] == answer.links["first"]["url"]
    empty = client.get("/v1/reports", params={"type": "trend"})
    assert set(empty.links) == {"first", "last"}
