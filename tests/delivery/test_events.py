"""Events for those who subscribed: with the change or not at all, once through kills, retried, given up, replayed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from policycortex.errors import ConflictError, UnavailableError
from policycortex.names import EventKind, EventStatus
from policycortex.period import Period
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, Registry, open_registry
from policycortex.storage.registry.event_rows import EventRow, NewSubscription, SubscriptionRow
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.event_sending import has_due_events, send_due_events
from policycortex.workflow.periodic_events import note_periodic_events, wants_periodic_events
from policycortex.workflow.posture import rebuild_days, score_days
from policycortex.workflow.request_report import start_report
from tests.support.ledger import NOW, Clock, complete_report, order_report, settings_of
from tests.support.own_processes import process_of
from tests.support.receivers import Call, Receiver, tls_receiver
from tests.support.samples.lake import finding, import_findings

_FAILURE = Failure(code="out_of_memory", message="it needs more memory")


@pytest.fixture
def receiver(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook's receiver on loopback."""
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    with tls_receiver(authority) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver, ca_file: str) -> Settings:
    """An installation with a connection to it."""
    hook = {"type": "webhook", "secret": "env:HOOK_SECRET", "url": receiver.url, "ca_file": ca_file}
    return settings_of(tmp_path, {"hook": hook}, allow_networks=["127.0.0.0/8", "::1/128"])


def _subscribe(registry: Registry, *kinds: EventKind, organization: str = "default") -> SubscriptionRow:
    new = NewSubscription(name="desk", connection="hook", url="", kinds=kinds or tuple(EventKind))
    return registry.subscriptions.create_subscription(organization, new, by="key_1", now=NOW)


def _events(registry: Registry, subscription: SubscriptionRow) -> list[EventRow]:
    rows, _ = registry.subscriptions.list_events("default", subscription.id, limit=100, offset=0)
    return list(rows)


def test_each_end_of_a_report_is_an_event(settings: Settings, receiver: Receiver) -> None:
    """Completed, failed, cancelled, deleted while it was open, and expired; sent signed, with the event's own time."""
    with closing(open_registry(settings)) as registry:
        subscription = _subscribe(registry)
        ids = [order_report(settings, registry, {}).id for _ in range(4)]
        complete_report(settings, registry, ids[0], expires_at=NOW + timedelta(days=1))
        registry.reports.fail_report(ids[1], _FAILURE, now=NOW)
        registry.reports.cancel_report("default", ids[2], now=NOW)
        registry.reports.delete_report("default", ids[3], now=NOW)
        registry.reports.expire_reports(now=NOW + timedelta(days=2))
        assert has_due_events(settings, now=NOW + timedelta(days=3))
        assert send_due_events(settings, clock=Clock(NOW + timedelta(days=3))) == 5
        assert {row.status for row in _events(registry, subscription)} == {EventStatus.SENT}
    found = {(call.json["event"], call.json["data"]["report"]["id"]) for call in receiver.calls}
    assert found == {
        ("report.completed", ids[0]), ("report.failed", ids[1]), ("report.cancelled", ids[2]),
        ("report.cancelled", ids[3]), ("report.expired", ids[0]),
    }  # fmt: skip
    (failed,) = (call for call in receiver.calls if call.json["event"] == "report.failed")
    assert failed.json["data"]["failure"]["message"] == _FAILURE.message
    assert failed.json["timestamp"] == "2026-04-01T13:00:00Z"
    assert failed.headers["webhook-id"] == failed.json["id"]
    assert failed.headers["x-policycortex-signature"].startswith("sha256=")


def test_only_what_was_subscribed_to_is_sent(settings: Settings, receiver: Receiver) -> None:
    """Not other kinds, not to other organisations, not what happened before, and nothing after the end."""
    with closing(open_registry(settings)) as registry:
        before = order_report(settings, registry, {}).id
        registry.reports.fail_report(before, _FAILURE, now=NOW)
        ended = _subscribe(registry, EventKind.REPORT_FAILED)
        _subscribe(registry, EventKind.REPORT_COMPLETED)
        _subscribe(registry, EventKind.REPORT_FAILED, organization="other")
        registry.reports.fail_report(order_report(settings, registry, {}).id, _FAILURE, now=NOW)
        registry.subscriptions.delete_subscription("default", ended.id, now=NOW)
        registry.reports.fail_report(order_report(settings, registry, {}).id, _FAILURE, now=NOW)
    assert send_due_events(settings, clock=Clock()) == 0
    assert receiver.calls == []


def test_a_request_that_is_withdrawn_is_no_event(settings: Settings) -> None:
    """Its run could not be started, the caller was informed, and no report exists."""

    def refuse(*_: object) -> str:
        raise UnavailableError("Dagster does not answer")

    with closing(open_registry(settings)) as registry:
        subscription = _subscribe(registry)
        row = order_report(settings, registry, {})
        with pytest.raises(UnavailableError):
            start_report(registry, row, None, refuse)  # type: ignore[arg-type] # the request is not looked at
        assert _events(registry, subscription) == []


def _fail_and_send(home: Settings, report_ids: list[str]) -> None:
    """What a worker does: fail each report, then send what is due; it is killed somewhere within."""
    with closing(open_registry(home)) as registry:
        for report_id in report_ids:
            try:
                registry.reports.fail_report(report_id, _FAILURE)
            except ConflictError:
                continue
    send_due_events(home, clock=lambda: datetime.now(UTC) + timedelta(minutes=10))


def _killed(work: Callable[..., None], *args: object, when: Callable[[], bool]) -> None:
    process = process_of(work, *args)
    process.start()
    end = time.monotonic() + 60
    while process.is_alive() and not when() and time.monotonic() < end:
        time.sleep(0.005)
    assert process.pid is not None
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join(30)


def test_a_failed_report_is_one_event_through_kills(settings: Settings, receiver: Receiver) -> None:
    """Workers are killed when the first, third and fifth call arrives, before its answer: each report is one event.

    A call whose sender died is repeated with the same id, and with no other: a receiver that knows ids acts once.
    """

    def answer(_call: Call) -> tuple[int, dict[str, str], bytes]:
        time.sleep(0.3)
        return 200, {}, b""

    receiver.answer = answer
    with closing(open_registry(settings)) as registry:
        subscription = _subscribe(registry, EventKind.REPORT_FAILED)
        ids = [order_report(settings, registry, {}).id for _ in range(5)]
        for calls in (1, 3, 5):
            _killed(_fail_and_send, settings, ids, when=lambda calls=calls: len(receiver.calls) >= calls)  # type: ignore[misc]
        _fail_and_send(settings, ids)
        later = Clock(datetime.now(UTC) + timedelta(hours=2))
        send_due_events(settings, clock=later)
        rows = _events(registry, subscription)
        assert not has_due_events(settings, now=later() + timedelta(days=30))
    assert sorted(row.data["report"]["id"] for row in rows) == sorted(ids)
    assert {row.status for row in rows} == {EventStatus.SENT}
    sent = {(call.headers["webhook-id"], call.json["data"]["report"]["id"]) for call in receiver.calls}
    assert sent == {(row.event_id, row.data["report"]["id"]) for row in rows}


def test_a_receiver_that_defers_is_given_up_after_a_day(settings: Settings, receiver: Receiver) -> None:
    """Fourteen attempts; then it is failed, and a replay sends it under its id. One that refuses is not asked again."""
    clock = Clock()
    receiver.answer = lambda _call: (503, {}, b"busy")
    with closing(open_registry(settings)) as registry:
        subscription = _subscribe(registry, EventKind.REPORT_FAILED)
        registry.reports.fail_report(order_report(settings, registry, {}).id, _FAILURE, now=NOW)
        for _ in range(20):
            send_due_events(settings, clock=clock)
            clock.move(hours=7)
        (row,) = _events(registry, subscription)
        assert (row.status, row.attempt_count, len(receiver.calls)) == (EventStatus.FAILED, 14, 14)
        assert "given up after 14 attempts" in row.answer
        receiver.answer = lambda _call: (200, {}, b"")
        registry.subscriptions.replay_event("default", subscription.id, row.event_id, now=clock())
        assert send_due_events(settings, clock=clock) == 1
        assert {call.headers["webhook-id"] for call in receiver.calls} == {row.event_id}
        receiver.answer = lambda _call: (410, {}, b"gone")
        registry.reports.fail_report(order_report(settings, registry, {}).id, _FAILURE, now=clock())
        assert send_due_events(settings, clock=clock) == 0
        assert _events(registry, subscription)[0].status is EventStatus.FAILED


def test_what_ends_soon_is_one_event(settings: Settings) -> None:
    """A waiver that ends in ten days, not one that ends in thirty; looking again adds nothing."""
    with closing(open_registry(settings)) as registry:
        assert not wants_periodic_events(settings)
        subscription = _subscribe(registry, EventKind.WAIVER_EXPIRING)
        assert wants_periodic_events(settings)
        for days in (10, 30):
            valid = Period(start=NOW - timedelta(days=1), end=NOW + timedelta(days=days))
            waiver = registry.waivers.request_waiver(
                "default", WaiverScope(check=f"c{days}"), reason=f"{days} days", valid=valid, by="ann", now=NOW
            )
            registry.waivers.approve_record("default", waiver.id, by="bob", now=NOW)
        later = NOW + timedelta(hours=1)
        assert [note_periodic_events(settings, now=later) for _ in range(2)] == [1, 0]
        (row,) = _events(registry, subscription)
    assert (row.kind, row.data["reason"]) == (EventKind.WAIVER_EXPIRING, "10 days")


def test_what_became_worse_is_one_event(settings: Settings) -> None:
    """The second day has a new critical finding: a dropped score of its framework, and the check with its account."""
    first, second = datetime(2026, 3, 30, tzinfo=UTC).date(), datetime(2026, 3, 31, tzinfo=UTC).date()
    relations = '{"SOC2":["cc_6_1"]}'
    days = {first: ("PASS", "PASS"), second: ("PASS", "FAIL")}
    with open_lake(settings) as lake:
        for day, statuses in days.items():
            found = [
                finding(day, "c1", f"r{number}", status, relations=relations, severity="critical")
                for number, status in enumerate(statuses)
            ]
            import_findings(lake, found, organization="default")
    rebuild_days(settings, list(days))
    score_days(settings, list(days), now=NOW)
    rebuild_analytics(settings, list(days))
    with closing(open_registry(settings)) as registry:
        subscription = _subscribe(registry, EventKind.SCORE_DROPPED, EventKind.FINDING_CRITICAL_NEW)
        assert note_periodic_events(settings, now=NOW) >= 2
        assert note_periodic_events(settings, now=NOW) == 0
        rows = _events(registry, subscription)
    dropped = {row.data["framework"]: row.data for row in rows if row.kind is EventKind.SCORE_DROPPED}
    assert (dropped["soc2"]["score_before"], dropped["soc2"]["score_after"]) == (100.0, 50.0)
    (critical,) = (row.data for row in rows if row.kind is EventKind.FINDING_CRITICAL_NEW)
    assert (critical["check_id"], critical["findings"], critical["date"]) == ("c1", 1, "2026-03-31")
