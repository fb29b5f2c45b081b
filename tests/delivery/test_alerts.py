"""Alerts: one per report and connection, none twice, none for what was cancelled, and no delivery waits for them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from policycortex.requests import Known
from policycortex.settings import Settings
from policycortex.storage.registry import Failure, Registry, open_registry
from policycortex.storage.registry.base import WRITES
from policycortex.storage.registry.engines import open_engine
from policycortex.storage.registry.migrations import downgrade
from policycortex.workflow.delivery_alerts import has_due_alerts, send_due_alerts
from policycortex.workflow.outbox import deliver_due, replay_delivery
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
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
from tests.support.slow_receivers import slow_receiver

_OWNER = {"*": {"connection": "mail", "target": "ops@company.com"}}
_FIRST = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)


def _settings(tmp_path: Path, box: Mailbox) -> Settings:
    return settings_of(tmp_path, {"mail": mail_connection(box.port)}, alerts=_OWNER)


def _alerts(box: Mailbox) -> list[str]:
    return [raw.decode() for recipient, raw in box.messages if recipient == "ops@company.com"]


def test_forty_refused_recipients_are_one_alert(tmp_path: Path, box: Mailbox) -> None:
    """Two rounds of alerts run at once; later failures of the same report get another alert."""
    settings, clock = _settings(tmp_path, box), Clock()
    people = [f"u{number}@company.com" for number in range(40)]
    box.on_recipient |= dict.fromkeys(people, "550 5.1.1 no such user")
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": people}})
        complete_report(settings, registry, report.id)
        assert deliver_due(settings, clock=clock).outcomes == {"refused": 40}
        with ThreadPoolExecutor(2) as pool:
            rounds = [pool.submit(send_due_alerts, settings, clock=clock) for _ in range(2)]
            assert sum(round_.result() for round_ in rounds) == 1
        replay_delivery(settings, rows_of(registry)[people[0]].id, now=clock())
        assert deliver_due(settings, clock=clock).outcomes == {"refused": 1}
        assert send_due_alerts(settings, clock=clock) == 1
    first, second = _alerts(box)
    assert "Not delivered to 40 receivers: March" in first
    assert "and 30 more" in first
    assert "Not delivered: March" in second


def test_a_silent_alert_receiver_delays_no_delivery(tmp_path: Path, box: Mailbox) -> None:
    """While an alert waits for its receiver, a round of deliveries sends and ends."""
    box.on_recipient["gone@company.com"] = "550 5.1.1 no such user"
    with slow_receiver("SMTP answer") as drip, ThreadPoolExecutor(1) as pool:
        connections = {"mail": mail_connection(box.port), "drip": mail_connection(drip.port, timeout_seconds=2)}
        alerts = {"*": {"connection": "drip", "target": "ops@company.com"}}
        settings = settings_of(tmp_path, connections, alerts=alerts)
        with closing(open_registry(settings)) as registry:
            for person in ("gone", "ceo"):
                body = {"email": {"connection": "mail", "recipients": [f"{person}@company.com"]}}
                complete_report(settings, registry, order_report(settings, registry, body).id)
                if person == "gone":
                    assert deliver_due(settings, clock=Clock()).outcomes == {"refused": 1}
                    silent = pool.submit(send_due_alerts, settings, clock=Clock())
                    while not drip.connections:
                        assert not silent.done()
            assert deliver_due(settings, clock=Clock()).outcomes == {"sent": 1}
            assert not silent.done()
            drip.has_ended.set()
            for connection in drip.connections:
                connection.close()
            assert silent.result(60) == 0


def test_a_cancelled_report_alerts_nobody(tmp_path: Path, box: Mailbox) -> None:
    """Cancelled and deleted by a person."""
    settings = _settings(tmp_path, box)
    with closing(open_registry(settings)) as registry:
        for end in (registry.reports.cancel_report, registry.reports.delete_report):
            report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
            end("default", report.id)
        deliver_due(settings, clock=Clock())
        assert not has_due_alerts(settings, now=NOW)


def _schedule(settings: Settings, registry: Registry, **changes: Any) -> str:  # noqa: ANN401
    body = deepcopy(MONTHLY) | changes
    now = datetime(2026, 3, 15, tzinfo=UTC)
    return create_schedule(settings, registry, body, organization="default", created_by=None, now=now).id


def test_a_failed_report_of_a_schedule_without_destinations_is_one_alert(tmp_path: Path, box: Mailbox) -> None:
    """Nobody else would know: it has no delivery that fails."""
    settings = _settings(tmp_path, box)
    with closing(open_registry(settings)) as registry:
        _schedule(settings, registry, delivery={})
        (report_id,) = claim_due_ticks(settings, now=_FIRST)
        registry.reports.fail_report(report_id, Failure(code="RPT_500", message="the disk is full"), now=NOW)
    assert send_due_alerts(settings, clock=Clock()) == 1
    (alert,) = _alerts(box)
    assert "Report failed: Monthly Executive Compliance Report" in alert
    assert "the disk is full" in alert


def test_a_tick_without_report_is_one_alert_and_a_failed_last_run(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework is unknown when the tick is due."""
    settings = _settings(tmp_path, box)
    with closing(open_registry(settings)) as registry:
        schedule_id = _schedule(settings, registry)
        monkeypatch.setattr("policycortex.workflow.scheduling.known_values", lambda *_: Known(frameworks=("pci_dss",)))
        assert claim_due_ticks(settings, now=_FIRST) == ()
        last = registry.schedules.last_runs([schedule_id])[schedule_id]
    assert last.is_invalid
    assert send_due_alerts(settings, clock=Clock()) == 1
    (alert,) = _alerts(box)
    assert "No report: Monthly Executive Compliance Report" in alert
    assert "framework" in alert


def test_the_last_run_tells_the_worst_delivery(tmp_path: Path, box: Mailbox) -> None:
    """One of two mails was deferred, then refused; the other was sent."""
    settings, clock = _settings(tmp_path, box), Clock()
    box.on_recipient["cto@company.com"] = "451 4.3.0 come back"
    with closing(open_registry(settings)) as registry:
        schedule_id = _schedule(settings, registry, delivery={"email": MONTHLY["delivery"]["email"]})
        (report_id,) = claim_due_ticks(settings, now=_FIRST)
        complete_report(settings, registry, report_id)
        deliver_due(settings, clock=clock)
        assert registry.schedules.last_runs([schedule_id])[schedule_id].delivery_status == "pending"
        box.on_recipient["cto@company.com"] = "550 5.1.1 no such user"
        clock.move(minutes=1)
        deliver_due(settings, clock=clock)
        assert registry.schedules.last_runs([schedule_id])[schedule_id].delivery_status == "failed"


def test_alerts_that_wait_survive_the_migration(tmp_path: Path, box: Mailbox) -> None:
    """A failed delivery of revision 0011 whose alert was not sent is reported once afterwards."""
    settings, clock = _settings(tmp_path, box), Clock()
    box.on_recipient["gone@company.com"] = "550 5.1.1 no such user"
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["gone@company.com"]}})
        complete_report(settings, registry, report.id)
        deliver_due(settings, clock=clock)
    engine = open_engine(settings, 5)
    with engine.shared.execution_options(**{WRITES: True}).begin() as connection:
        downgrade(connection, "0011")
        connection.execute(text("UPDATE deliveries SET alert_count = 1"))
    engine.close()
    assert send_due_alerts(settings, clock=clock) == 1
    assert send_due_alerts(settings, clock=clock) == 0
    assert "gone@company.com" in _alerts(box)[0]
