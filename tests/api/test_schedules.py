"""Schedules and deliveries over the API: the documented body, its refusals, its life, and the ledger."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from policycortex.names import DeliveryStatus
from policycortex.storage.registry import open_registry
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.scheduling import claim_due_ticks
from tests.support.api_server import ApiServer
from tests.support.backends import FOLDER_ALONE
from tests.support.ledger import MONTHLY

PATH = "/v1/reports/schedules"


def _body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of many types
    body = deepcopy(MONTHLY)
    for name, value in changes.items():
        body[name] = {**body[name], **value} if isinstance(value, dict) and isinstance(body.get(name), dict) else value
    return body


def _create(client: httpx.Client, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    answer = client.post(PATH, json=_body(**changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_the_documented_body_makes_a_schedule(server: ApiServer, client: httpx.Client) -> None:
    """Every part comes back as it was given, with id, the next five runs, and no run yet."""
    server.clock.moment = datetime(2026, 9, 15, tzinfo=UTC)
    client = server.client()
    answer = client.post(PATH, json=MONTHLY)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"].endswith(f"{PATH}/{made['id']}")
    assert made["id"].startswith("sch_")
    assert len(made["id"]) == 20
    assert made["schedule"] == {
        "cron": "0 9 1 * *", "timezone": "America/New_York", "misfire": "latest", "grace_seconds": 900,
        "calendar": None, "start_date": None, "end_date": None,
    }  # fmt: skip
    for name in ("name", "description", "report_template", "delivery", "enabled"):
        assert made[name] == MONTHLY[name]
    assert made["next_runs"] == [
        "2026-10-01T09:00:00-04:00", "2026-11-01T09:00:00-05:00", "2026-12-01T09:00:00-05:00",
        "2027-01-01T09:00:00-05:00", "2027-02-01T09:00:00-05:00",
    ]  # fmt: skip
    assert made["last_run"] is None
    assert client.get(f"{PATH}/{made['id']}").json() == made


@FOLDER_ALONE
@pytest.mark.parametrize(
    ("part", "change", "field"),
    [
        ("schedule", {"cron": "R R * * *"}, "schedule.cron"),
        ("schedule", {"cron": "* * * * * *"}, "schedule.cron"),
        ("schedule", {"cron": "61 * * * *"}, "schedule.cron"),
        ("schedule", {"cron": "0 0 30 2 *"}, "schedule.cron"),
        ("schedule", {"timezone": "Mars/Olympus"}, "schedule.timezone"),
        ("schedule", {"timezone": "localtime"}, "schedule.timezone"),
        ("schedule", {"timezone": "america/new_york"}, "schedule.timezone"),
        ("schedule", {"cron": "@reboot"}, "schedule.cron"),
        ("schedule", {"timezone": "+02:00"}, "schedule.timezone"),
        ("schedule", {"misfire": "never"}, "schedule.misfire"),
        ("schedule", {"every": "day"}, "schedule.every"),
        ("schedule", {"cron": None}, "schedule"),
        ("schedule", {"calendar": {"rule": "last_day", "time": "09:00"}}, "schedule"),
        ("schedule", {"start_date": "2026-02-30"}, "schedule.start_date"),
        ("schedule", {"start_date": "2026-05-01", "end_date": "2026-04-30"}, "schedule.end_date"),
        ("schedule", {"end_date": "2020-12-31"}, "schedule.end_date"),
        ("report_template", {"type": "summary"}, "report_template.type"),
        ("report_template", {"framework": "soc3"}, "report_template.framework"),
        ("report_template", {"scope": {"date_range_type": "last_moth"}}, "report_template.scope.date_range_type"),
        ("delivery", {"email": {"recipients": []}}, "delivery.email.recipients"),
        ("delivery", {"email": {"recipients": ["a@x.org>,<b@x.org"]}}, "delivery.email.recipients.0"),
        ("delivery", {"email": {"recipients": ["a@x.org"], "subject": "a\r\nBcc: b@x.org"}}, "delivery.email.subject"),
        ("delivery", {"email": {"recipients": ["a@x.org"], "subject": "{{ 7*7 }}"}}, "delivery.email.subject"),
        ("delivery", {"slack": {"channel": "general"}}, "delivery.slack.channel"),
        ("delivery", {"slack": {"channel": "#general", "token": "xoxb-1"}}, "delivery.slack.token"),
        ("delivery", {"webhook": {"url": "file:///etc/passwd"}}, "delivery.webhook.url"),
        ("delivery", {"webhook": {"url": "https://a:b@example.com"}}, "delivery.webhook.url"),
        ("delivery", {"condition": {"type": "score_below"}}, "delivery.condition"),
        ("delivery", {"fax": {}}, "delivery.fax"),
    ],
)
def test_what_is_wrong_is_named(client: httpx.Client, part: str, change: dict[str, Any], field: str) -> None:
    """400, RPT_001, one detail under the dotted path."""
    answer = client.post(PATH, json=_body(**{part: change}))
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "RPT_001"
    assert [problem["field"] for problem in answer.json()["details"]] == [field]


@FOLDER_ALONE
@pytest.mark.parametrize(
    ("calendar", "field"),
    [
        ({"rule": "last_days", "time": "09:00"}, "calendar.rule"),
        ({"rule": "last_day", "time": "9:00"}, "calendar.time"),
        ({"rule": "last_day", "time": "24:00"}, "calendar.time"),
        ({"rule": "last_day", "time": "09:00", "months": [13]}, "calendar.months.0"),
        ({"rule": "last_day", "time": "09:00", "weeks": 2}, "calendar"),
        ({"rule": "nth_weekday", "time": "09:00", "weekday": "monday"}, "calendar"),
        ({"rule": "nth_weekday", "time": "09:00", "weekday": "mon", "nth": 1}, "calendar.weekday"),
        ({"rule": "every_n_weeks", "time": "09:00", "weekdays": ["monday"]}, "calendar"),
        ({"rule": "every_n_weeks", "time": "09:00", "weekdays": [], "weeks": 2}, "calendar.weekdays"),
        ({"rule": "every_n_weeks", "time": "09:00", "weekdays": ["monday"], "weeks": 0}, "calendar.weeks"),
    ],
)
def test_what_is_wrong_in_a_calendar_rule_is_named(client: httpx.Client, calendar: dict[str, Any], field: str) -> None:
    """Unknown values, and fields that do not go with the rule or are missing."""
    answer = client.post(PATH, json=deepcopy(MONTHLY) | {"schedule": {"calendar": calendar}})
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["details"]] == [f"schedule.{field}"]


def test_a_calendar_rule_is_shown_with_its_runs(server: ApiServer) -> None:
    """Last working days of 2026 at 18:30 in Berlin between two days; a cron expression replaces the rule."""
    server.clock.moment = datetime(2026, 1, 10, tzinfo=UTC)
    client = server.client()
    rule = {"rule": "last_working_day", "time": "18:30"}
    timing = {"calendar": rule, "timezone": "Europe/Berlin", "start_date": "2026-02-01", "end_date": "2026-05-28"}
    made = client.post(PATH, json=deepcopy(MONTHLY) | {"schedule": timing}).json()
    assert made["schedule"] == timing | {"cron": "30 18 LW * *", "misfire": "latest", "grace_seconds": 900}
    assert made["next_runs"] == [
        "2026-02-27T18:30:00+01:00", "2026-03-31T18:30:00+02:00", "2026-04-30T18:30:00+02:00",
    ]  # fmt: skip
    changed = client.patch(f"{PATH}/{made['id']}", json={"schedule": {"cron": "0 9 1 * *", "end_date": None}}).json()
    assert (changed["schedule"]["calendar"], changed["schedule"]["cron"]) == (None, "0 9 1 * *")
    assert changed["next_runs"][0] == "2026-02-01T09:00:00+01:00"
    assert len(changed["next_runs"]) == 5


def test_weeks_are_counted_from_the_first_one(server: ApiServer) -> None:
    """Every two weeks on Monday and Thursday, made on Wednesday 14 January 2026; the answer tells the first day."""
    server.clock.moment = datetime(2026, 1, 14, 12, tzinfo=UTC)
    client = server.client()
    rule = {"rule": "every_n_weeks", "weeks": 2, "weekdays": ["thursday", "monday"], "time": "07:00"}
    made = client.post(PATH, json=deepcopy(MONTHLY) | {"schedule": {"calendar": rule}}).json()
    assert made["schedule"]["start_date"] == "2026-01-14"
    assert [run[:10] for run in made["next_runs"]] == [
        "2026-01-15", "2026-01-26", "2026-01-29", "2026-02-09", "2026-02-12",
    ]  # fmt: skip
    path = f"{PATH}/{made['id']}"
    moved = client.patch(path, json={"schedule": {"start_date": "2026-01-20"}}).json()
    assert [run[:10] for run in moved["next_runs"]][:3] == ["2026-01-22", "2026-02-02", "2026-02-05"]


def test_parts_are_changed_one_by_one(client: httpx.Client) -> None:
    """A new cron keeps the zone; disabled it has no next runs; a bad patch changes nothing."""
    made = _create(client)
    path = f"{PATH}/{made['id']}"
    changed = client.patch(path, json={"schedule": {"cron": "@daily"}, "name": "Daily"}).json()
    assert changed["schedule"]["timezone"] == "America/New_York"
    assert changed["schedule"]["cron"] == "0 0 * * *"
    assert changed["name"] == "Daily"
    assert len(changed["next_runs"]) == 5
    assert client.patch(path, json={"enabled": False}).json()["next_runs"] == []
    for patch in ({"schedule": {"cron": "61 * * * *"}}, {"unknown": 1}, {"name": ""}):
        assert client.patch(path, json=patch).status_code == 400
    kept = client.get(path).json()
    assert (kept["name"], kept["enabled"], kept["schedule"]["cron"]) == ("Daily", False, "0 0 * * *")


def test_schedules_are_listed_and_ended(client: httpx.Client) -> None:
    """Newest first, searched, filtered; a deleted one is 404."""
    first, second = _create(client, name="First one"), _create(client, name="Second", enabled=False)
    listed = client.get(PATH).json()
    assert {row["id"] for row in listed["schedules"]} == {first["id"], second["id"]}
    assert listed["pagination"] == {"total": 2, "limit": 20, "offset": 0, "has_more": False}
    assert [row["id"] for row in client.get(PATH, params={"q": "first"}).json()["schedules"]] == [first["id"]]
    assert [r["id"] for r in client.get(PATH, params={"enabled": "false"}).json()["schedules"]] == [second["id"]]
    assert client.delete(f"{PATH}/{first['id']}").status_code == 204
    gone = client.get(f"{PATH}/{first['id']}")
    assert gone.status_code == 404
    assert "No such schedule" in gone.json()["error_description"]
    assert client.get(PATH).json()["pagination"]["total"] == 1


def test_another_organisation_and_a_lesser_key_are_kept_out(server: ApiServer, client: httpx.Client) -> None:
    """404 for the stranger, 403 for a key that may only read."""
    made = _create(client)
    stranger = server.client(organization="stranger")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/run"), ("GET", "/runs")):
        body: dict[str, str] | None = {} if method == "PATCH" else None
        assert stranger.request(method, f"{PATH}/{made['id']}{path}", json=body).status_code == 404
    reader = server.client(scopes=("reports:read",))
    assert reader.get(f"{PATH}/{made['id']}").status_code == 200
    assert reader.post(PATH, json=MONTHLY).status_code == 403
    assert reader.delete(f"{PATH}/{made['id']}").status_code == 403


def test_run_now_orders_and_starts_a_report(server: ApiServer, client: httpx.Client) -> None:
    """It is in the runs, its run is launched, its period is that of now."""
    made = _create(client)
    answer = client.post(f"{PATH}/{made['id']}/run")
    assert answer.status_code == 202
    report_id = answer.json()["report_id"]
    assert any(launched.startswith(report_id) for launched in server.launcher.launched)
    (run,) = client.get(f"{PATH}/{made['id']}/runs").json()["runs"]
    assert (run["report_id"], run["manual"], run["status"]) == (report_id, True, "pending")
    assert client.get(f"{PATH}/{made['id']}").json()["last_run"]["report_id"] == report_id
    assert client.get(f"/v1/reports/{report_id}").json()["name"] == MONTHLY["name"]


def test_templates_can_be_sent_back(client: httpx.Client) -> None:
    """Each of the five is a body as it stands."""
    templates = client.get(f"{PATH}/templates").json()["templates"]
    assert len(templates) == 5
    for template in templates:
        body = {key: template[key] for key in ("name", "description", "schedule", "report_template")}
        assert client.post(PATH, json=body).status_code == 201


def test_the_ledger_shows_what_became_of_each_delivery(server: ApiServer, client: httpx.Client) -> None:
    """A tick's report is completed; no connection is configured, so each delivery says so and can be replayed."""
    now = server.clock.moment.replace(second=0, microsecond=0)
    made = _create(client, schedule={"cron": "* * * * *"})
    reports = claim_due_ticks(server.settings, now=now + timedelta(minutes=1), schedule_id=made["id"])
    server.complete(reports[0])
    deliver_due(server.settings, clock=lambda: now + timedelta(minutes=2))
    listed = client.get("/v1/deliveries", params={"schedule_id": made["id"], "status": "failed"}).json()
    assert {row["target"] for row in listed["deliveries"]} == {
        "ceo@company.com", "cto@company.com", "#executive-reports",
    }  # fmt: skip
    one = listed["deliveries"][0]
    details = client.get(f"/v1/deliveries/{one['id']}").json()
    assert "no connection" in details["reason"]
    assert [attempt["outcome"] for attempt in details["attempts"]] == ["refused"]
    assert server.client(organization="stranger").get(f"/v1/deliveries/{one['id']}").status_code == 404
    assert server.client(organization="stranger").post(f"/v1/deliveries/{one['id']}/replay").status_code == 404
    assert server.client(scopes=("reports:read",)).post(f"/v1/deliveries/{one['id']}/replay").status_code == 403
    replayed = client.post(f"/v1/deliveries/{one['id']}/replay")
    assert (replayed.status_code, replayed.json()["status"]) == (202, "pending")
    assert client.post(f"/v1/deliveries/{one['id']}/replay").status_code == 409


def test_notifications_of_an_order_become_deliveries(
    server: ApiServer, client: httpx.Client, order: dict[str, object]
) -> None:
    """``delivery.notifications.email``: one row that waits for the report, from the very transaction of the order."""
    order["delivery"] = {"notifications": {"email": ["compliance@company.com"]}}
    report_id = client.post("/v1/reports", json=order).json()["id"]
    with closing(open_registry(server.settings)) as registry:
        ((row,), _) = registry.deliveries.list_deliveries(server.organization, report_id=report_id)
    assert (row.channel, row.target, row.status) == ("email", "compliance@company.com", DeliveryStatus.WAITING)


def test_the_same_schedule_twice_under_one_key_is_one(server: ApiServer) -> None:
    """Also when the process died before it settled the key; another body is refused, a refused body frees the key."""
    client = server.client(scopes=["reports:read", "schedules:write"])
    headers = {"Idempotency-Key": "board-monthly"}
    assert client.post(PATH, json=_body(name=""), headers=headers).status_code == 400
    first = client.post(PATH, json=_body(), headers=headers)
    again = client.post(PATH, json=_body(), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["Idempotency-Replayed"], again.headers["Location"]) == ("true", first.headers["Location"])
    assert client.post(PATH, json=_body(name="Other"), headers=headers).status_code == 409
    with server.registry._database.writing() as connection:
        forget = text("UPDATE idempotency_keys SET answer = NULL WHERE organization = :organization")
        connection.execute(forget, {"organization": server.organization})
    server.clock.pass_by(timedelta(minutes=2))
    assert client.post(PATH, json=_body(), headers=headers).json()["id"] == first.json()["id"]
    assert client.get(PATH).json()["pagination"]["total"] == 1


def test_a_split_schedule_shows_its_parts_and_runs_them_all(client: httpx.Client) -> None:
    """Each part with its receivers; one run for each; the split comes back as it was given, and can be removed."""
    split = {
        "by": "account_group",
        "parts": {"Retail": {"accounts": ["a1"], "delivery": {"email": {"recipients": ["r@company.com"]}}}},
        "others": {"name": "Other accounts"},
    }
    made = _create(client, split=split)
    assert made["split"] == split
    shown = client.get(f"{PATH}/{made['id']}/parts").json()
    assert shown["uncovered"] == {}
    assert shown["parts"] == [
        {
            "name": "Retail", "values": ["a1"], "findings": 0, "is_empty": True,
            "deliveries": [{"channel": "email", "connection": "email", "target": "r@company.com"}],
        }
    ]  # fmt: skip
    ran = client.post(f"{PATH}/{made['id']}/run").json()
    assert ran["report_ids"] == [ran["report_id"]]
    assert [run["part"] for run in client.get(f"{PATH}/{made['id']}/runs").json()["runs"]] == ["Retail"]
    assert client.patch(f"{PATH}/{made['id']}", json={"split": None}).json()["split"] is None
    assert client.get(f"{PATH}/{made['id']}/parts").json() == {"parts": [], "uncovered": {}}
