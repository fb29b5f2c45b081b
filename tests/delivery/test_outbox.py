"""The outbox with real servers: each destination gets its report once, and each failure is recorded."""

import email
import email.policy
import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from policycortex.channels.connections import Connections
from policycortex.channels.model import Destination, Receipt
from policycortex.channels.sending import send
from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import DeliveryStatus
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.workflow.delivery_alerts import has_due_alerts, send_due_alerts
from policycortex.workflow.outbox import deliver_due, has_due_deliveries, replay_delivery
from tests.delivery.conftest import free_port
from tests.support.ledger import NOW, PDF, Clock, complete_report, mail_connection, order_report, rows_of, settings_of
from tests.support.receivers import Mailbox, smtp_server, tls_receiver
from tests.support.stored_bytes import read_stored

_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
"""Any public key: no server that would present it is reached."""


def _all(registry: Registry) -> tuple[DeliveryRow, ...]:
    return registry.deliveries.list_deliveries(None, limit=100)[0]


def test_a_report_goes_to_each_recipient_once(tmp_path: Path, box: Mailbox) -> None:
    """No mail before the report is completed, one per recipient after, none in later rounds."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
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
        rows = rows_of(registry)
    assert sorted(recipient for recipient, _ in box.messages) == ["ceo@company.com", "cto@company.com"]
    row = rows["ceo@company.com"]
    assert row.status is DeliveryStatus.SENT
    assert row.receipt is not None
    assert row.receipt["answer"] == "250 2.0.0 taken as 4711"
    assert [attempt.outcome for attempt in row.attempts] == ["sent"]
    (attachment,) = email.message_from_bytes(box.messages[0][1], policy=email.policy.default).iter_attachments()
    assert attachment.get_content() == PDF


def test_accepted_refused_and_deferred_recipients_are_recorded(tmp_path: Path, box: Mailbox) -> None:
    """One accepted, one refused permanently, one deferred and accepted later; the owner is alerted once."""
    alerts = {"default": {"connection": "mail", "target": "owner@company.com"}}
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}, alerts=alerts), Clock()
    box.on_recipient |= {"gone@company.com": "550 5.1.1 no such user", "busy@company.com": "451 4.3.0 come back"}
    with closing(open_registry(settings)) as registry:
        people = {"email": {"recipients": [f"{name}@company.com" for name in ("ceo", "gone", "busy")]}}
        complete_report(settings, registry, order_report(settings, registry, people).id)
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1, "refused": 1, "deferred": 1}
        rows = rows_of(registry)
        assert rows["gone@company.com"].status is DeliveryStatus.FAILED
        assert "550 5.1.1 no such user" in rows["gone@company.com"].reason
        busy = rows["busy@company.com"]
        assert busy.status is DeliveryStatus.PENDING
        assert timedelta(seconds=20) < busy.next_attempt_at - NOW <= timedelta(seconds=30)
        box.on_recipient.pop("busy@company.com")
        assert deliver_due(settings, clock=clock).total == 0
        clock.move(seconds=31)
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
        assert [attempt.outcome for attempt in rows_of(registry)["busy@company.com"].attempts] == ["deferred", "sent"]
    assert send_due_alerts(settings, clock=clock) == 1
    assert send_due_alerts(settings, clock=clock) == 0
    alerts_sent = [raw.decode() for recipient, raw in box.messages if recipient == "owner@company.com"]
    assert len(alerts_sent) == 1
    assert "gone@company.com" in alerts_sent[0]
    assert "Not delivered: March" in alerts_sent[0]


def test_one_round_distinguishes_six_outcomes(tmp_path: Path, box: Mailbox) -> None:
    """Accepted, deferred (451), refused (550), no answer to the message, disconnected before its end and after it."""
    box.on_recipient |= {"gone@company.com": "550 5.1.1 no such user", "busy@company.com": "451 4.3.0 come back"}
    with smtp_server() as hanging, smtp_server() as early, smtp_server() as late:
        hanging.hangs_after_data = early.drops_at_recipient = late.drops_after_data = True
        servers = {"mail": box, "hanging": hanging, "early": early, "late": late}
        connections = {name: mail_connection(server.port, timeout_seconds=1) for name, server in servers.items()}
        settings, clock = settings_of(tmp_path, connections), Clock()
        people = {"mail": ("ceo", "gone", "busy"), "hanging": ("cto",), "early": ("cfo",), "late": ("cio",)}
        with closing(open_registry(settings)) as registry:
            for name, who in people.items():
                body = {"email": {"recipients": [f"{one}@company.com" for one in who], "connection": name}}
                complete_report(settings, registry, order_report(settings, registry, body).id)
            deliver_due(settings, clock=clock)
            rows = {target.partition("@")[0]: row for target, row in rows_of(registry).items()}
            clock.move(seconds=31)
            box.on_recipient.clear()
            early.drops_at_recipient = False
            assert deliver_due(settings, clock=clock).outcomes == {"sent": 2}
    states = {who: (row.status.value, row.attempts[-1].outcome) for who, row in rows.items()}
    assert states == {
        "ceo": ("sent", "sent"),
        "busy": ("pending", "deferred"),
        "gone": ("failed", "refused"),
        "cto": ("uncertain", "uncertain"),
        "cfo": ("pending", "unreached"),
        "cio": ("uncertain", "uncertain"),
    }
    assert [len(server.messages) for server in (box, hanging, early, late)] == [2, 1, 1, 1]
    for one, text in {"busy": "451", "gone": "550", "cto": "may have arrived", "cfo": "closed the connection"}.items():
        assert text in rows[one].reason


def test_an_uncertain_mail_is_repeated_only_by_a_replay(tmp_path: Path, box: Mailbox) -> None:
    """The server accepts the mail and hangs; days later it still has one mail; a replay sends the second."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port, timeout_seconds=1)}), Clock()
    box.hangs_after_data = True
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        assert deliver_due(settings, clock=clock).outcomes == {"uncertain": 1}
        clock.move(days=3)
        assert deliver_due(settings, clock=clock).total == 0
        row = rows_of(registry)["ceo@company.com"]
        assert row.status is DeliveryStatus.UNCERTAIN
        assert "may have arrived" in row.reason
        box.hangs_after_data = False
        replay_delivery(settings, row.id, now=clock())
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
        with pytest.raises(ConflictError, match="is sent"):
            replay_delivery(settings, row.id, now=clock())
        with pytest.raises(NotFoundError):
            registry.deliveries.replay_delivery("another", row.id, now=clock())
    assert len(box.messages) == 2


def test_a_delivery_is_given_up_after_fourteen_attempts(tmp_path: Path) -> None:
    """The port is closed for two days: fourteen attempts, then the delivery has failed."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(free_port())}), Clock()
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        for _ in range(60):
            deliver_due(settings, clock=clock, workers=1)
            clock.move(hours=1)
        row = rows_of(registry)["ceo@company.com"]
    assert row.status is DeliveryStatus.FAILED
    assert row.reason.startswith("given up after 14 attempts")
    assert len(row.attempts) == 14


def test_an_unreachable_connection_is_paused(tmp_path: Path, box: Mailbox) -> None:
    """Twenty mails to a dead server: after five failures the rest wait without attempts; other connections are used."""
    connections = {"dead": mail_connection(free_port()), "mail": mail_connection(box.port)}
    settings, clock = settings_of(tmp_path, connections), Clock()
    with closing(open_registry(settings)) as registry:
        people = [f"p{n}@company.com" for n in range(20)]
        for name, recipients in (("dead", people), ("mail", ["ceo@company.com"])):
            body = {"email": {"recipients": recipients, "connection": name}}
            complete_report(settings, registry, order_report(settings, registry, body).id)
        summary = deliver_due(settings, clock=clock, workers=1)
        assert summary.outcomes == {"unreached": 5, "sent": 1}
        clock.move(minutes=1)
        assert deliver_due(settings, clock=clock, workers=1).total == 0
        clock.move(minutes=5)
        assert deliver_due(settings, clock=clock, workers=1).outcomes == {"unreached": 1}
        assert sum(row.attempt_count for row in rows_of(registry).values()) == 7


def test_greylisted_recipients_do_not_delay_others(tmp_path: Path, box: Mailbox) -> None:
    """A server that defers some addresses answers: the connection is not paused."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    people = [f"p{n:02}@company.com" for n in range(12)]
    box.on_recipient |= dict.fromkeys(people[:8], "451 4.7.1 greylisted")
    with closing(open_registry(settings)) as registry:
        body = {"email": {"recipients": people}}
        complete_report(settings, registry, order_report(settings, registry, body).id)
        assert deliver_due(settings, clock=clock, workers=1).outcomes == {"deferred": 8, "sent": 4}
        box.on_recipient.clear()
        clock.move(seconds=31)
        assert deliver_due(settings, clock=clock, workers=1).outcomes == {"sent": 8}


def test_a_dead_webhook_does_not_pause_another_of_its_connection(
    tmp_path: Path, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each URL is paused by itself: seven reports to each, five calls to the dead one."""
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    with tls_receiver(authority) as receiver:
        hook = {"type": "webhook", "secret": "env:HOOK_SECRET", "ca_file": ca_file, "timeout_seconds": 5}
        settings = settings_of(tmp_path, {"hook": hook}, allow_networks=["127.0.0.0/8", "::1/128"])
        with closing(open_registry(settings)) as registry:
            for url in (f"https://localhost:{free_port()}/", receiver.url):
                for _ in range(7):
                    report = order_report(settings, registry, {"webhook": {"url": url}})
                    complete_report(settings, registry, report.id)
            assert deliver_due(settings, clock=Clock(), workers=1).outcomes == {"unreached": 5, "sent": 7}


def test_an_unexpected_error_leaves_the_delivery_uncertain(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail may have been sent. The error's message is not stored: it may hold a secret. Other mails are sent."""

    def send_or_break(connections: Connections, destination: Destination, content: Any, **options: Any) -> Receipt:  # noqa: ANN401
        if destination.target == "cto@company.com":
            raise KeyError("planted-secret")
        return send(connections, destination, content, **options)

    monkeypatch.setattr("policycortex.workflow.outbox.send", send_or_break)
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port)})
    with closing(open_registry(settings)) as registry:
        body = {"email": {"recipients": ["cto@company.com", "ceo@company.com"]}}
        complete_report(settings, registry, order_report(settings, registry, body).id)
        assert deliver_due(settings, clock=Clock()).outcomes == {"uncertain": 1, "sent": 1}
        row = rows_of(registry)["cto@company.com"]
    assert row.status is DeliveryStatus.UNCERTAIN
    assert "KeyError" in row.reason
    assert "planted-secret" not in repr(row)


def test_a_delivery_of_a_deleted_report_is_cancelled(tmp_path: Path, box: Mailbox) -> None:
    """The report is deleted before it is sent: cancelled, with the reason, and nothing is sent."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        registry.reports.delete_report("default", report.id, now=clock())
        deliver_due(settings, clock=clock)
        row = rows_of(registry)["ceo@company.com"]
    assert row.status is DeliveryStatus.CANCELLED
    assert row.reason == "its report was deleted before it was sent"
    assert box.messages == []


def test_a_slow_sender_keeps_its_delivery(tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server hangs for longer than the lease, but the sender renews it: the delivery is not lost."""
    monkeypatch.setattr("policycortex.workflow.outbox._BEAT_SECONDS", 0.02)
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port, timeout_seconds=60)}), Clock()
    box.hangs_after_data = True
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        sender = threading.Thread(target=deliver_due, args=(settings,), kwargs={"clock": clock})
        sender.start()
        _until(lambda: bool(box.messages))
        clock.move(minutes=30)
        _until(lambda: (rows_of(registry)["ceo@company.com"].lease_until or NOW) > clock())
        assert not has_due_deliveries(settings, now=clock())
        box.lets_go = True
        sender.join(60)
        assert rows_of(registry)["ceo@company.com"].status is DeliveryStatus.SENT


def test_an_alert_is_sent_again_if_its_server_was_unreachable(tmp_path: Path, box: Mailbox) -> None:
    """The alert's server is not reachable when the delivery fails; a minute later a round sends the alert."""
    connections = {"mail": mail_connection(box.port), "pager": mail_connection(free_port())}
    alerts = {"*": {"connection": "pager", "target": "owner@company.com"}}
    box.on_recipient["gone@company.com"] = "550 5.1.1 no such user"
    before, clock = settings_of(tmp_path, connections, alerts=alerts), Clock()
    with closing(open_registry(before)) as registry:
        report = order_report(before, registry, {"email": {"recipients": ["gone@company.com"], "connection": "mail"}})
        complete_report(before, registry, report.id)
        lines: list[str] = []
        deliver_due(before, clock=clock)
        send_due_alerts(before, clock=clock, progress=lines.append)
        assert "the alert over 'pager' failed: cannot open a session with localhost" in lines[-1]
        assert not has_due_alerts(before, now=clock())
    clock.move(minutes=1)
    after = settings_of(tmp_path, connections | {"pager": mail_connection(box.port)}, alerts=alerts)
    assert has_due_alerts(after, now=clock())
    assert send_due_alerts(after, clock=clock) == 1
    assert [recipient for recipient, _ in box.messages] == ["owner@company.com"]
    assert not has_due_alerts(after, now=clock())


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_no_secret_is_stored_even_if_a_server_returns_it(
    tmp_path: Path, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of secret is used, and the receiver returns what it was sent. No byte of the database holds one."""
    planted = {name: f"planted-{name.lower()}-4711" for name in ("TOKEN", "HOOK", "MAIL", "S3ID", "S3KEY", "SFTP")}
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    with tls_receiver(authority) as receiver, smtp_server(authority) as box:
        monkeypatch.setenv("TEAMS", f"{receiver.url}/planted-teams-4711")
        receiver.answer = lambda call: (
            400,
            {},
            json.dumps({"ok": False, "error": f"{call.headers.get('authorization')} {call.path}"}).encode(),
        )
        port, tls = free_port(), {"ca_file": ca_file, "timeout_seconds": 5}
        s3 = {
            "access_key_id": "env:S3ID",
            "secret_access_key": "env:S3KEY",
            "endpoint": f"http://127.0.0.1:{port}",
        }
        sftp = {
            "host": "127.0.0.1",
            "port": port,
            "username": "u",
            "password": "env:SFTP",
            "host_key": _HOST_KEY,
        }
        connections = {
            "email": mail_connection(
                box.port, security="starttls", ca_file=ca_file, username="bot", password="env:MAIL"
            ),
            "slack": {"type": "slack", "token": "env:TOKEN", "base_url": receiver.url, **tls},
            "teams": {"type": "teams", "url": "env:TEAMS", **tls},
            "webhook": {"type": "webhook", "secret": "env:HOOK", "url": receiver.url, **tls},
            "s3": {"type": "s3", "bucket": "b", "timeout_seconds": 1, **s3},
            "sftp": {"type": "sftp", "timeout_seconds": 1, **sftp},
        }
        settings = settings_of(tmp_path, connections, allow_networks=["127.0.0.0/8", "::1/128"])
        with closing(open_registry(settings)) as registry:
            body: dict[str, Any] = {name: {} for name in ("teams", "webhook", "s3", "sftp")}
            body |= {"email": {"recipients": ["ceo@company.com"]}, "slack": {"channel": "#reports"}}
            complete_report(settings, registry, order_report(settings, registry, body).id)
            log: list[str] = []
            summary = deliver_due(settings, clock=Clock(), progress=log.append)
            reasons = {row.channel: row.reason for row in _all(registry)}
    assert summary.total == 6
    assert "(env:TOKEN)" in reasons["slack"]
    kept = read_stored(tmp_path) + "".join([*log, *reasons.values()]).encode()
    assert not [value for value in (*planted.values(), "planted-teams-4711") if value.encode() in kept]
