"""The outbox over real servers: each destination once, each trouble told, and what a crash leaves behind."""

import email
import email.policy
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from policycortex.errors import ConflictError, NotFoundError
from policycortex.settings import Settings
from policycortex.storage.registry import Failure, Registry, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow, DeliveryStatus
from policycortex.workflow.delivering import deliver_due, has_due_deliveries, replay_delivery
from tests.delivery.conftest import free_port
from tests.delivery.ledger import NOW, PDF, Clock, complete_report, order_report, settings_of
from tests.delivery.receivers import Call, Mailbox, smtp_server, tls_receiver


def _mail(port: int, **changes: object) -> dict[str, Any]:
    fields = {"type": "email", "host": "localhost", "port": port, "security": "none", "timeout_seconds": 2}
    return fields | {"sender": "reports@company.com"} | changes


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with smtp_server() as mailbox:
        yield mailbox


def _rows(registry: Registry) -> dict[str, DeliveryRow]:
    rows, _ = registry.list_deliveries(None, limit=100)
    return {row.target: registry.find_delivery(row.id) for row in rows}


def test_a_report_goes_to_each_recipient_once(tmp_path: Path, box: Mailbox) -> None:
    """Nothing before it is completed, one mail each after, none in any later round."""
    settings, clock = settings_of(tmp_path, {"mail": _mail(box.port)}), Clock()
    with closing(open_registry(settings)) as registry:
        people = {"email": {"recipients": ["ceo@company.com", "cto@company.com", "ceo@company.com"]}}
        report = order_report(settings, registry, people)
        assert not has_due_deliveries(settings, now=NOW)
        assert deliver_due(settings, clock=clock).total == 0
        complete_report(settings, registry, report.id)
        assert has_due_deliveries(settings, now=NOW)
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 2}
        assert not has_due_deliveries(settings, now=NOW)
        assert deliver_due(settings, clock=clock).total == 0
        rows = _rows(registry)
    assert sorted(recipient for recipient, _ in box.messages) == ["ceo@company.com", "cto@company.com"]
    row = rows["ceo@company.com"]
    assert row.status is DeliveryStatus.SENT
    assert row.receipt is not None
    assert row.receipt["answer"] == "250 2.0.0 taken as 4711"
    assert [attempt.outcome for attempt in row.attempts] == ["sent"]
    (attachment,) = email.message_from_bytes(box.messages[0][1], policy=email.policy.default).iter_attachments()
    assert attachment.get_content() == PDF


def test_the_ledger_tells_each_truth_of_a_bad_day(tmp_path: Path, box: Mailbox) -> None:
    """One accepted, one refused for good, one deferred and accepted later; the owner hears of the refusal once."""
    alerts = {"default": {"connection": "mail", "target": "owner@company.com"}}
    settings, clock = settings_of(tmp_path, {"mail": _mail(box.port)}, alerts=alerts), Clock()
    box.on_recipient |= {"gone@company.com": "550 5.1.1 no such user", "busy@company.com": "451 4.3.0 come back"}
    with closing(open_registry(settings)) as registry:
        people = {"email": {"recipients": [f"{name}@company.com" for name in ("ceo", "gone", "busy")]}}
        complete_report(settings, registry, order_report(settings, registry, people).id)
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1, "refused": 1, "deferred": 1}
        rows = _rows(registry)
        assert rows["gone@company.com"].status is DeliveryStatus.FAILED
        assert "550 5.1.1 no such user" in rows["gone@company.com"].reason
        busy = rows["busy@company.com"]
        assert busy.status is DeliveryStatus.PENDING
        assert timedelta(seconds=20) < busy.next_attempt_at - NOW <= timedelta(seconds=30)
        box.on_recipient.pop("busy@company.com")
        assert deliver_due(settings, clock=clock).total == 0
        clock.move(seconds=31)
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
        assert [attempt.outcome for attempt in _rows(registry)["busy@company.com"].attempts] == ["deferred", "sent"]
    told = [raw.decode() for recipient, raw in box.messages if recipient == "owner@company.com"]
    assert len(told) == 1
    assert "gone@company.com" in told[0]
    assert "Not delivered: March" in told[0]


def test_an_uncertain_mail_is_never_repeated_until_a_person_says_so(tmp_path: Path, box: Mailbox) -> None:
    """The server takes the mail and hangs; days later it still has it once; a replay sends the second."""
    settings, clock = settings_of(tmp_path, {"mail": _mail(box.port, timeout_seconds=1)}), Clock()
    box.hangs_after_data = True
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        assert deliver_due(settings, clock=clock).outcomes == {"uncertain": 1}
        clock.move(days=3)
        assert deliver_due(settings, clock=clock).total == 0
        row = _rows(registry)["ceo@company.com"]
        assert row.status is DeliveryStatus.UNCERTAIN
        assert "may have arrived" in row.reason
        box.hangs_after_data = False
        replay_delivery(settings, row.id, now=clock())
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
        with pytest.raises(ConflictError, match="is sent"):
            replay_delivery(settings, row.id, now=clock())
        with pytest.raises(NotFoundError):
            registry.replay_delivery("another", row.id, now=clock())
    assert len(box.messages) == 2


def test_retries_end_in_the_dead_letters(tmp_path: Path) -> None:
    """Nobody listens for two days: fourteen attempts, each later than the one before, then given up."""
    settings, clock = settings_of(tmp_path, {"mail": _mail(free_port())}), Clock()
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        for _ in range(60):
            deliver_due(settings, clock=clock, workers=1)
            clock.move(hours=1)
        row = _rows(registry)["ceo@company.com"]
    assert row.status is DeliveryStatus.FAILED
    assert row.reason.startswith("given up after 14 attempts")
    assert len(row.attempts) == 14


def test_a_connection_that_reaches_nobody_is_left_in_peace(tmp_path: Path, box: Mailbox) -> None:
    """Twenty mails to a dead server: after five failures the rest wait and keep their attempts; others go out."""
    connections = {"dead": _mail(free_port()), "mail": _mail(box.port)}
    settings, clock = settings_of(tmp_path, connections), Clock()
    with closing(open_registry(settings)) as registry:
        people = [f"p{n}@company.com" for n in range(20)]
        for name, recipients in (("dead", people), ("mail", ["ceo@company.com"])):
            body = {"email": {"recipients": recipients, "connection": name}}
            complete_report(settings, registry, order_report(settings, registry, body).id)
        summary = deliver_due(settings, clock=clock, workers=1)
        assert summary.outcomes == {"deferred": 5, "sent": 1}
        clock.move(minutes=1)
        assert deliver_due(settings, clock=clock, workers=1).total == 0
        clock.move(minutes=5)
        assert deliver_due(settings, clock=clock, workers=1).outcomes == {"deferred": 1}
        assert sum(row.attempt_count for row in _rows(registry).values()) == 7


def test_a_missing_connection_is_told_and_replayed_once_it_is_there(tmp_path: Path, box: Mailbox) -> None:
    """A fresh installation takes schedules before it has a mail server."""
    with closing(open_registry(settings_of(tmp_path))) as registry:
        before = settings_of(tmp_path)
        report = order_report(before, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(before, registry, report.id)
        assert deliver_due(before, clock=Clock()).outcomes == {"refused": 1}
        row = _rows(registry)["ceo@company.com"]
        assert "no connection 'email'" in row.reason
        after = settings_of(tmp_path, {"email": _mail(box.port)})
        replay_delivery(after, row.id, now=NOW)
        assert deliver_due(after, clock=Clock()).outcomes == {"sent": 1}


def test_deliveries_of_a_report_that_failed_are_abandoned_and_told(tmp_path: Path, box: Mailbox) -> None:
    """The owner reads the report's own reason."""
    alerts = {"*": {"connection": "mail", "target": "owner@company.com"}}
    settings = settings_of(tmp_path, {"mail": _mail(box.port)}, alerts=alerts)
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        registry.fail_report(report.id, Failure(code="RPT_500", message="the lake was on fire"), now=NOW)
        assert deliver_due(settings, clock=Clock()).total == 0
        assert _rows(registry)["ceo@company.com"].status is DeliveryStatus.ABANDONED
    ((recipient, raw),) = box.messages
    assert recipient == "owner@company.com"
    assert b"the lake was on fire" in raw


def test_a_changed_file_is_not_sent(tmp_path: Path, box: Mailbox) -> None:
    """What is delivered is what was made, or nothing."""
    settings = settings_of(tmp_path, {"mail": _mail(box.port)})
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        (stored,) = (tmp_path / "artifacts" / report.id).glob("*.pdf")
        stored.write_bytes(b"tampered")
        assert deliver_due(settings, clock=Clock()).outcomes == {"refused": 1}
        assert "is not the file that was stored" in _rows(registry)["ceo@company.com"].reason
    assert box.messages == []


@pytest.mark.parametrize(("score", "outcome"), [(89.0, "sent"), (95.0, "withheld"), (None, "sent")])
def test_a_condition_withholds_and_says_why(tmp_path: Path, box: Mailbox, score: float | None, outcome: str) -> None:
    """Only below 90; the reason stands in the ledger, and a replay sends it all the same."""
    settings = settings_of(tmp_path, {"mail": _mail(box.port)})
    with closing(open_registry(settings)) as registry:
        condition = {"type": "score_below", "threshold": 90.0}
        body = {"email": {"recipients": ["ceo@company.com"]}, "condition": condition}
        report = order_report(settings, registry, body)
        complete_report(settings, registry, report.id, summary={"compliance_score": score})
        assert deliver_due(settings, clock=Clock()).outcomes == {outcome: 1}
        row = _rows(registry)["ceo@company.com"]
        if outcome == "withheld":
            assert row.reason == "the score 95.0 is not below 90"
            replay_delivery(settings, row.id, now=NOW)
            assert deliver_due(settings, clock=Clock()).outcomes == {"sent": 1}


def _send_and_die(settings: Settings) -> None:
    deliver_due(settings, clock=Clock(), lease=timedelta(seconds=30))
    os._exit(0)


def _kill_while_sending(settings: Settings, is_reached: Any) -> None:  # noqa: ANN401 - a callable of the test's
    sender = multiprocessing.get_context("spawn").Process(target=_send_and_die, args=(settings,))
    sender.start()
    end = time.monotonic() + 60
    while not is_reached() and time.monotonic() < end:
        time.sleep(0.02)
    assert sender.pid is not None
    os.kill(sender.pid, signal.SIGKILL)
    sender.join(30)


def test_a_sender_killed_after_handing_over_leaves_an_uncertain_mail(tmp_path: Path, box: Mailbox) -> None:
    """The server has it once; the ledger says what nobody can know; no second mail ever goes."""
    settings, clock = settings_of(tmp_path, {"mail": _mail(box.port, timeout_seconds=60)}), Clock()
    box.hangs_after_data = True
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        _kill_while_sending(settings, lambda: box.messages)
        assert _rows(registry)["ceo@company.com"].status is DeliveryStatus.SENDING
        box.hangs_after_data = False
        assert deliver_due(settings, clock=clock).total == 0
        clock.move(seconds=31)
        assert has_due_deliveries(settings, now=clock())
        assert deliver_due(settings, clock=clock).total == 0
        row = _rows(registry)["ceo@company.com"]
    assert row.status is DeliveryStatus.UNCERTAIN
    assert [attempt.outcome for attempt in row.attempts] == ["lost"]
    assert len(box.messages) == 1


def test_a_sender_killed_while_calling_a_webhook_calls_again_with_the_same_id(
    tmp_path: Path, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver can tell that it is the same event, so it is repeated."""
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
            (row,) = _rows(registry).values()
    assert {call.headers["webhook-id"] for call in receiver.calls} == {row.id}
    assert len(receiver.calls) == 2
    assert receiver.calls[1].json["data"]["files"][0]["url"].startswith("https://reports.example.com/v1/links/dl_")


def test_two_rounds_at_once_send_each_delivery_once(tmp_path: Path, box: Mailbox) -> None:
    """Four workers here and four in another process share forty mails."""
    settings = settings_of(tmp_path, {"mail": _mail(box.port, timeout_seconds=30)})
    people = [f"p{n}@company.com" for n in range(40)]
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": people}})
        complete_report(settings, registry, report.id)
        other = multiprocessing.get_context("spawn").Process(target=_send_and_die, args=(settings,))
        other.start()
        deliver_due(settings, clock=Clock())
        other.join(60)
        assert {row.status for row in _rows(registry).values()} == {DeliveryStatus.SENT}
    assert sorted(recipient for recipient, _ in box.messages) == sorted(people)
