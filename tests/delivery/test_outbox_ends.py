"""Deliveries that are not sent, and the recorded reasons."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from policycortex.names import DeliveryStatus
from policycortex.storage.registry import Failure, open_registry
from policycortex.storage.registry.schedule_rows import Settled
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.outbox import deliver_due, has_due_deliveries, replay_delivery
from policycortex.workflow.retention import expire_reports
from policycortex.workflow.scheduling import create_schedule, run_schedule_now
from tests.support.ledger import (
    MONTHLY,
    NOW,
    Clock,
    complete_report,
    mail_connection,
    order_report,
    rows_of,
    settings_of,
)
from tests.support.receivers import Mailbox


def test_a_delivery_without_connection_fails_and_can_be_replayed(tmp_path: Path, box: Mailbox) -> None:
    """A new installation accepts schedules before it has a mail server."""
    with closing(open_registry(settings_of(tmp_path))) as registry:
        before = settings_of(tmp_path)
        report = order_report(before, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(before, registry, report.id)
        assert deliver_due(before, clock=Clock()).outcomes == {"refused": 1}
        row = rows_of(registry)["ceo@company.com"]
        assert "no connection 'email'" in row.reason
        after = settings_of(tmp_path, {"email": mail_connection(box.port)})
        replay_delivery(after, row.id, now=NOW)
        assert deliver_due(after, clock=Clock()).outcomes == {"sent": 1}


def test_deliveries_of_a_failed_report_are_abandoned_and_alerted(tmp_path: Path, box: Mailbox) -> None:
    """The alert states why the report failed."""
    alerts = {"*": {"connection": "mail", "target": "owner@company.com"}}
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port)}, alerts=alerts)
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        registry.reports.fail_report(report.id, Failure(code="RPT_500", message="the lake was on fire"), now=NOW)
        assert deliver_due(settings, clock=Clock()).total == 0
        assert rows_of(registry)["ceo@company.com"].status is DeliveryStatus.ABANDONED
        assert send_due_alerts(settings, clock=Clock()) == 1
    ((recipient, raw),) = box.messages
    assert recipient == "owner@company.com"
    assert b"the lake was on fire" in raw


def test_a_changed_file_is_not_sent(tmp_path: Path, box: Mailbox) -> None:
    """A stored file with another digest than the recorded one is never delivered."""
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port)})
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        (stored,) = (tmp_path / "artifacts" / report.id).glob("*.pdf")
        stored.write_bytes(b"tampered")
        assert deliver_due(settings, clock=Clock()).outcomes == {"refused": 1}
        assert "is not the file that was stored" in rows_of(registry)["ceo@company.com"].reason
    assert box.messages == []


@pytest.mark.parametrize(("score", "outcome"), [(89.0, "sent"), (95.0, "withheld"), (None, "sent")])
def test_a_condition_withholds_with_a_reason(tmp_path: Path, box: Mailbox, score: float | None, outcome: str) -> None:
    """It is sent only below 90; the reason is stored, and a replay ignores the condition."""
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port)})
    with closing(open_registry(settings)) as registry:
        condition = {"type": "score_below", "threshold": 90.0}
        body = {"email": {"recipients": ["ceo@company.com"]}, "condition": condition}
        report = order_report(settings, registry, body)
        complete_report(settings, registry, report.id, summary={"compliance_score": score})
        assert deliver_due(settings, clock=Clock()).outcomes == {outcome: 1}
        row = rows_of(registry)["ceo@company.com"]
        if outcome == "withheld":
            assert row.reason == "the score 95.0 is not below 90"
            replay_delivery(settings, row.id, now=NOW)
            assert deliver_due(settings, clock=Clock()).outcomes == {"sent": 1}


def test_a_pending_delivery_of_an_expired_report_fails_and_is_alerted(tmp_path: Path, box: Mailbox) -> None:
    """It was deferred when its report expired; the next round ends it, also one that an earlier version left."""
    alerts = {"*": {"connection": "mail", "target": "owner@company.com"}}
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}, alerts=alerts), Clock()
    box.on_recipient["ceo@company.com"] = "451 4.7.1 try again later"
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id, expires_at=NOW + timedelta(days=1))
        assert deliver_due(settings, clock=clock).outcomes == {"deferred": 1}
        clock.move(days=2)
        expire_reports(settings, now=clock())
        assert has_due_deliveries(settings, now=clock())
        assert deliver_due(settings, clock=clock).total == 0
        row = rows_of(registry)["ceo@company.com"]
        assert (row.status, row.reason) == (DeliveryStatus.FAILED, "its report expired before it was sent")
        assert row.ended_at == clock()
        assert not has_due_deliveries(settings, now=clock())
        assert send_due_alerts(settings, clock=clock) == 1
    assert "expired before it was sent" in box.messages[-1][1].decode()


def test_a_delivery_being_sent_is_not_tried_again_after_its_schedule_was_deleted(tmp_path: Path, box: Mailbox) -> None:
    """The attempt under way ends; where the receiver asks for another one, there is none, and nobody is alerted."""
    alerts = {"*": {"connection": "mail", "target": "owner@company.com"}}
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}, alerts=alerts), Clock()
    body = MONTHLY | {"delivery": {"email": {"recipients": ["ceo@company.com", "cto@company.com"]}}}
    with closing(open_registry(settings)) as registry:
        made = create_schedule(settings, registry, body, organization="default", created_by=None, now=clock())
        (report_id,) = run_schedule_now(settings, registry, made, now=clock())
        complete_report(settings, registry, report_id)
        registry.deliveries.release_deliveries(now=clock())
        held = registry.deliveries.claim_delivery(now=clock(), lease=timedelta(minutes=2))
        assert held is not None
        clock.move(seconds=5)
        assert registry.schedules.delete_schedule(registry.schedules.find_schedule(made.id), now=clock()) == 1
        clock.move(seconds=5)
        later = clock() + timedelta(minutes=1)
        again = Settled(status=DeliveryStatus.PENDING, outcome="deferred", answer="451 later", next_attempt_at=later)
        registry.deliveries.settle_delivery(held, again, now=clock())
        rows = rows_of(registry).values()
        assert {(row.status, row.reason) for row in rows} == {
            (DeliveryStatus.CANCELLED, "its schedule was deleted before it was sent")
        }
        replay_delivery(settings, held.id, now=clock())
        box.on_recipient[held.target] = "451 4.7.1 try again later"
        assert deliver_due(settings, clock=clock).outcomes == {"deferred": 1}
        assert rows_of(registry)[held.target].status is DeliveryStatus.PENDING
        assert send_due_alerts(settings, clock=clock) == 0
