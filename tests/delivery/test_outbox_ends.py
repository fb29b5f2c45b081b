"""Deliveries that are not sent, and the recorded reasons."""

from contextlib import closing
from pathlib import Path

import pytest

from policycortex.names import DeliveryStatus
from policycortex.storage.registry import Failure, open_registry
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.outbox import deliver_due, replay_delivery
from tests.support.ledger import NOW, Clock, complete_report, mail_connection, order_report, rows_of, settings_of
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
