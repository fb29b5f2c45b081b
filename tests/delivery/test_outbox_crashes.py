"""Senders that are killed, and two processes that send at the same time."""

import os
import signal
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from policycortex.names import DeliveryStatus
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.outbox import deliver_due, has_due_deliveries
from tests.support.ledger import NOW, Clock, complete_report, mail_connection, order_report, rows_of, settings_of
from tests.support.own_processes import process_of
from tests.support.receivers import Call, Mailbox, tls_receiver


def _send_and_die(settings: Settings) -> None:
    deliver_due(settings, clock=Clock(), lease=timedelta(seconds=30))
    os._exit(0)


def _kill_while_sending(settings: Settings, is_reached: Any) -> None:  # noqa: ANN401 - a callable of the test's
    sender = process_of(_send_and_die, settings)
    sender.start()
    end = time.monotonic() + 60
    while not is_reached() and time.monotonic() < end:
        time.sleep(0.02)
    assert sender.pid is not None
    os.kill(sender.pid, signal.SIGKILL)
    sender.join(30)


def test_a_sender_killed_after_sending_leaves_the_delivery_uncertain(tmp_path: Path, box: Mailbox) -> None:
    """The server has one mail; the delivery is uncertain; no second mail is sent."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port, timeout_seconds=60)}), Clock()
    box.hangs_after_data = True
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        _kill_while_sending(settings, lambda: box.messages)
        assert rows_of(registry)["ceo@company.com"].status is DeliveryStatus.SENDING
        box.hangs_after_data = False
        assert deliver_due(settings, clock=clock).total == 0
        clock.move(seconds=31)
        assert has_due_deliveries(settings, now=clock())
        assert deliver_due(settings, clock=clock).total == 0
        row = rows_of(registry)["ceo@company.com"]
    assert row.status is DeliveryStatus.UNCERTAIN
    assert [attempt.outcome for attempt in row.attempts] == ["lost"]
    assert len(box.messages) == 1


def test_a_sender_killed_while_calling_a_webhook_calls_again_with_the_same_id(
    tmp_path: Path, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver recognises the repeated event by its id, so it is sent again."""
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    with tls_receiver(authority) as receiver:
        hook = {"type": "webhook", "secret": "env:HOOK_SECRET", "url": receiver.url, "ca_file": ca_file}
        settings = settings_of(tmp_path, {"hook": hook}, allow_networks=["127.0.0.0/8", "::1/128"])

        def answer(_call: Call) -> tuple[int, dict[str, str], bytes]:
            if len(receiver.calls) == 1:
                time.sleep(3)
            return 200, {}, b""

        receiver.answer = answer
        with closing(open_registry(settings)) as registry:
            report = order_report(settings, registry, {"webhook": {}})
            complete_report(settings, registry, report.id)
            _kill_while_sending(settings, lambda: receiver.calls)
            clock = Clock(NOW + timedelta(seconds=31))
            deliver_due(settings, clock=clock)
            clock.move(seconds=31)
            assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
            (row,) = rows_of(registry).values()
    assert {call.headers["webhook-id"] for call in receiver.calls} == {row.id}
    assert len(receiver.calls) == 2
    assert receiver.calls[1].json["data"]["files"][0]["url"].startswith("https://reports.example.com/v1/links/dl_")


def test_two_rounds_at_once_send_each_delivery_once(tmp_path: Path, box: Mailbox) -> None:
    """Four workers here and four in another process share forty mails."""
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port, timeout_seconds=30)})
    people = [f"p{n}@company.com" for n in range(40)]
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": people}})
        complete_report(settings, registry, report.id)
        other = process_of(_send_and_die, settings)
        other.start()
        deliver_due(settings, clock=Clock())
        other.join(60)
        assert {row.status for row in rows_of(registry).values()} == {DeliveryStatus.SENT}
    assert sorted(recipient for recipient, _ in box.messages) == sorted(people)
