"""What a key may not see is in no answer: the other organisation's, and restricted reports of its own organisation."""

import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from policycortex.names import EventKind, Severity, TicketStepKind
from policycortex.storage.registry.event_rows import NewSubscription
from policycortex.storage.registry.keys import SCOPES
from policycortex.storage.registry.ticket_rows import NewStep, NewTicket, TicketChange
from tests.support.api_server import ApiServer
from tests.support.ledger import MONTHLY

UNKNOWN = {
    "report_id": "rpt_",
    "schedule_id": "sch_",
    "delivery_id": "dlv_",
    "waiver_id": "wvr_",
    "attestation_id": "att_",
    "import_id": "upl_",
    "grant_id": "aud_",
    "key_id": "key_",
    "subscription_id": "sub_",
    "event_id": "evt_",
    "comment_id": "cmt_",
    "milestone_id": "mst_",
    "evidence_request_id": "evr_",
    "ticket_id": "tkt_",
}
OWN_TESTS = ("/v1/analytics", "/v1/backfills")
"""Numbers alone, over a lake of findings: tests/api/test_analytics.py. Dagster's own rows, which need a Dagster."""


@pytest.fixture
def owned(server: ApiServer, order: dict[str, Any]) -> dict[str, str]:
    """One of everything an organisation can have, by the name of the path's parameter."""
    mark = secrets.token_hex(4)
    admin = server.client(scopes=["admin"])
    report_id = admin.post("/v1/reports", json=order | {"name": f"Report {mark}"}).json()["id"]
    server.complete(report_id)
    schedule = admin.post("/v1/reports/schedules", json=MONTHLY | {"name": f"Schedule {mark}"}).json()
    run = admin.post(f"/v1/reports/schedules/{schedule['id']}/run").json()
    (delivery, *_) = admin.get("/v1/deliveries", params={"report_id": run["report_id"]}).json()["deliveries"]
    framework = {
        "id": f"own-{mark}",
        "name": f"Framework {mark}",
        "version": "1",
        "requirements": [{"id": "B1", "title": "Storage is private", "section": "Storage"}],
        "crosswalk": {"checks": {"aws": {"s3_bucket_public_access": ["B1"]}}},
    }
    assert admin.post("/v1/frameworks", json=framework).status_code == 201
    waiver = {
        "scope": {"check": f"check_{mark}"},
        "reason": f"Reason {mark}",
        "until": f"{server.clock().date() + timedelta(days=90)}T00:00:00Z",
    }
    waiver_id = admin.post("/v1/waivers", json=waiver).json()["id"]
    attestation = waiver | {
        "statement": "not_applicable",
        "scope": {"framework": framework["id"], "requirements": ["B1"], "accounts": [f"account_{mark}"]},
    }
    attestation_id = admin.post("/v1/attestations", json=attestation).json()["id"]
    evidence, file = f"/v1/attestations/{attestation_id}/evidence", {"name": f"{mark}.txt"}
    attached = admin.post(evidence, params=file, content=mark.encode()).json()
    grant = {
        "name": f"Auditor {mark}",
        "frameworks": [framework["id"]],
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-12-31T23:59:59Z",
        "expires_at": f"{server.clock().date() + timedelta(days=90)}T00:00:00Z",
    }
    comment = {"framework": framework["id"], "requirement": "B1", "text": f"Comment {mark}"}
    return {
        "mark": mark,
        "comment_id": admin.post("/v1/comments", json=comment).json()["id"],
        "evidence_request_id": admin.post("/v1/evidence-requests", json=comment).json()["id"],
        "ticket_id": _ticket_of(server, mark),
        "milestone_id": _milestone_of(server, mark),
        **_event_of(server, mark, report_id),
        "key_id": admin.post("/v1/keys", json={"name": f"Key {mark}", "scopes": ["reports:read"]}).json()["id"],
        "grant_id": admin.post("/v1/grants", json=grant).json()["id"],
        "report_id": report_id,
        "other_id": report_id,
        "schedule_id": schedule["id"],
        "delivery_id": delivery["id"],
        "framework_id": framework["id"],
        "waiver_id": waiver_id,
        "import_id": admin.post("/v1/imports", params={"name": mark}, content=b"[]").json()["id"],
        "attestation_id": attestation_id,
        "sha256": attached["evidence"][0]["sha256"],
        "format": "pdf",
    }


def _ticket_of(server: ApiServer, mark: str) -> str:
    """A ticket that waits for its creation."""
    kept, now = server.registry.tickets, server.clock()
    number = int(mark, 16) % 2**31
    new = NewTicket(number=number, marker=mark, severity=Severity.HIGH, title=f"Ticket {mark}")
    create = NewStep(kind=TicketStepKind.CREATE, content={"title": mark, "paragraphs": [], "facts": []})
    change = TicketChange(number=number, new=new, is_wanted_open=True, waived="", steps=(create,))
    assert kept.apply_change(server.organization, f"board-{mark}", change, None, now=now)
    return kept.list_by_number(server.organization, f"board-{mark}")[number].id


def _milestone_of(server: ApiServer, mark: str) -> str:
    """A milestone of a weakness."""
    now = server.clock()
    made = server.registry.milestones.add_milestone(
        server.organization, number=int(mark, 16) % 2**31, framework=None, requirement=None, text=f"Milestone {mark}",
        due_on=now.date(), by="key_1", name=f"Owner {mark}", role=None, now=now,
    )  # fmt: skip
    return made.id


def _event_of(server: ApiServer, mark: str, report_id: str) -> dict[str, str]:
    """A subscription with an event."""
    kept, organization = server.registry.subscriptions, server.organization
    new = NewSubscription(name=f"Desk {mark}", connection=f"hook-{mark}", url="", kinds=(EventKind.WAIVER_EXPIRING,))
    subscription = kept.create_subscription(organization, new, by="key", now=server.clock())
    kept.note_events(organization, EventKind.WAIVER_EXPIRING, {mark: {"report": report_id}}, now=server.clock())
    (event, *_), _ = kept.list_events(organization, subscription.id, limit=1, offset=0)
    return {"subscription_id": subscription.id, "event_id": event.event_id}


def _operations(client: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if not path.startswith(OWN_TESTS)
    ]


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    """The document's own example, which is good: only the id in the path is another's."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/octet-stream" in content:
        return {"content": b"[]"}
    return {"json": content["application/json"]["example"]} if content else {}


def _blank(answer: httpx.Response, *words: str) -> tuple[int, str]:
    """The answer without what differs between any two of them."""
    text = answer.text
    for word in (*words, answer.headers["X-Request-Id"], answer.json()["timestamp"] if answer.content else ""):
        text = text.replace(word, "") if word else text
    return answer.status_code, text


def test_every_route_with_the_others_id_is_404_as_with_one_that_never_was(
    server: ApiServer, owned: dict[str, str]
) -> None:
    """All scopes, right bodies: status and words are the same for a foreign and a made-up id; nothing was changed."""
    other = server.client(organization=f"stranger-{secrets.token_hex(4)}", scopes=["admin"])
    made_up = {name: f"{UNKNOWN.get(name, 'own-')}{'0' * 16}" for name in owned}
    made_up |= {"format": "pdf", "sha256": "0" * 64}
    walked = 0
    for method, path, operation in _operations(other):
        names = {part[1:-1] for part in path.split("/") if part.startswith("{")} - {"token"}
        if not names:
            continue
        ids = ({name: known.get(name, known["report_id"]) for name in names} for known in (owned, made_up))
        foreign, unknown = (
            _blank(other.request(method, path.format(**given), **_body(operation)), *given.values()) for given in ids
        )
        assert foreign[0] == 404, f"{method} {path}: {foreign}"
        assert foreign == unknown, f"{method} {path}"
        walked += 1
    assert walked >= 20
    own = server.client(scopes=["admin"])
    for path in (
        "reports/{report_id}",
        "reports/schedules/{schedule_id}",
        "waivers/{waiver_id}",
        "attestations/{attestation_id}",
        "tickets/{ticket_id}",
        "subscriptions/{subscription_id}/events",
    ):
        assert own.get(f"/v1/{path.format(**owned)}").status_code == 200


def test_no_list_count_or_estimate_tells_of_the_other(server: ApiServer, owned: dict[str, str]) -> None:
    """Neither ids nor names nor the organisation's own stand in any answer, and totals are those of an empty server."""
    other = server.client(organization=f"stranger-{secrets.token_hex(4)}", scopes=["admin"])
    for method, path, _ in _operations(other):
        if method != "get" or "{" in path:
            continue
        answer = other.get(path)
        leaked = [word for word in (*owned.values(), server.organization) if word != "pdf" and word in answer.text]
        assert not leaked, f"{path} shows {leaked}"
        own = {"/v1/audit-trail", "/v1/keys"}  # where the stranger's own requests and key stand
        if "pagination" in answer.text and path not in own:
            assert answer.json()["pagination"]["total"] == 0, path


def test_an_order_cannot_reach_what_is_the_others(
    server: ApiServer, owned: dict[str, str], order: dict[str, Any]
) -> None:
    """A foreign framework is unknown, without being suggested; a foreign key cannot be named in sharing."""
    other = server.client(organization=f"stranger-{secrets.token_hex(4)}", scopes=["admin"])
    near = owned["framework_id"][:-1]
    for framework in (owned["framework_id"], near):
        answer = other.post("/v1/reports", json=order | {"framework": framework})
        assert answer.status_code == 400
        assert f"own-{owned['mark']}" not in answer.text.replace(f"'{owned['framework_id']}'", "", 1)
    assert other.post("/v1/reports", json=order).json()["queue_position"] == 1


def test_no_answer_names_a_restricted_report(server: ApiServer, order: dict[str, Any]) -> None:
    """Attack: a key without access to a restricted report looks for it, its deliveries and their recipients everywhere.

    One report was requested with recipients, the other made by a schedule. The attacker knows all their ids.
    """
    mark = secrets.token_hex(4)
    owner_key, owner = server.keyed_client()
    attacker = server.client(scopes=[scope for scope in SCOPES if scope != "admin"])
    notified = {"delivery": {"notifications": {"email": [f"board-{mark}@company.com"]}}}
    body, idempotency = order | notified, {"Idempotency-Key": f"board-{mark}"}
    requested = owner.post("/v1/reports", json=body, headers=idempotency).json()["id"]
    schedule = owner.post("/v1/reports/schedules", json=MONTHLY).json()["id"]
    scheduled = owner.post(f"/v1/reports/schedules/{schedule}/run").json()["report_id"]
    for report_id in (requested, scheduled):
        server.complete(report_id)
        sharing = {"visibility": "keys", "keys": [], "links_allowed": True}
        assert owner.put(f"/v1/reports/{report_id}/sharing", json=sharing).status_code == 200
    deliveries = {row["id"]: row["report_id"] for row in owner.get("/v1/deliveries").json()["deliveries"]}
    assert set(deliveries.values()) == {requested, scheduled}
    secret = {requested, scheduled, *deliveries, f"board-{mark}", owner_key.id}
    known = {"schedule_id": schedule, "delivery_id": next(iter(deliveries)), "format": "pdf", "sha256": "0" * 64}
    for filters in ({"report_id": requested}, {"schedule_id": schedule}, {"channel": "email"}, {"status": "waiting"}):
        assert attacker.get("/v1/deliveries", params=filters).json()["pagination"]["total"] == 0
    run = attacker.get(f"/v1/reports/schedules/{schedule}").json()["last_run"]
    assert (run["status"], run["report_id"], run["report_url"]) == ("completed", None, None)
    walked = 0
    for method, path, operation in _operations(attacker):
        for report_id in (requested, scheduled) if "{report_id}" in path else (requested,):
            given = (
                dict.fromkeys((*UNKNOWN, "framework_id", "requirement_id", "connection_name"), "x")
                | {"report_id": report_id, "other_id": scheduled}
                | known
            )
            url = path.format(**given, token="x")
            if method == "delete" and "schedule_id" in path:
                continue  # the attacker may delete the schedule, which names no report
            answer = attacker.request(method, url, **_body(operation))
            shown = answer.text
            if path.startswith("/v1/reports/schedules"):  # who made a schedule is shown to its organisation
                shown = shown.replace(f'"created_by":"{owner_key.id}"', "")
            for sent in {*url.split("/")} & secret:
                shown = shown.replace(sent, "")
            assert not [word for word in secret if word in shown], f"{method} {url}: {answer.text}"
            if "{report_id}" in path or "{delivery_id}" in path:
                assert answer.status_code == 404, f"{method} {url}"
            walked += 1
    assert walked >= 40
    answer = attacker.post("/v1/reports", json=body, headers=idempotency)
    assert (answer.status_code, requested in answer.text) == (409, False)
    assert owner.post("/v1/reports", json=body, headers=idempotency).json()["id"] == requested


def test_a_rotated_key_sees_the_restricted_reports_of_its_lineage(server: ApiServer, order: dict[str, Any]) -> None:
    """What the old secret requested, and what was shared with it; another key still sees neither."""
    (owner_key, owner), (friend_key, _) = server.keyed_client(), server.keyed_client()
    report_id = owner.post("/v1/reports", json=order).json()["id"]
    sharing = {"visibility": "keys", "keys": [friend_key.id], "links_allowed": True}
    assert owner.put(f"/v1/reports/{report_id}/sharing", json=sharing).status_code == 200
    for key in (owner_key, friend_key):
        _, token = server.registry.keys.rotate_key(key.id, now=server.clock())
        rotated = server.bare_client({"Authorization": f"Bearer {token}"})
        assert rotated.get(f"/v1/reports/{report_id}").status_code == 200
        assert [row["id"] for row in rotated.get("/v1/reports").json()["reports"]] == [report_id]
    assert server.client().get(f"/v1/reports/{report_id}").status_code == 404
    assert server.client().get("/v1/reports").json()["pagination"]["total"] == 0
