"""``policycortex connections`` and ``policycortex deliveries``."""

import json
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.outbox import deliver_due
from policycortex_cli.app import app
from tests.support.ledger import Clock, complete_report, order_report
from tests.support.receivers import smtp_server


def _run(home: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=True)
    return done.output if done.exception is None else f"{type(done.exception).__name__}: {done.exception}"


def _connect(home: Path, port: int) -> None:
    mail = {"type": "email", "host": "localhost", "port": port, "security": "none", "sender": "r@company.com"}
    (home / "connections.yaml").write_text(json.dumps({"connections": {"mail": mail}}))


def test_a_connection_is_tested_by_name(tmp_path: Path) -> None:
    """The server's answer is printed; an unknown name lists the known ones."""
    with smtp_server() as box:
        _connect(tmp_path, box.port)
        assert _run(tmp_path, "connections", "list") == "mail  email\n"
        assert _run(tmp_path, "connections", "test", "mail") == "mail: 250 OK\n"
    assert "known: mail" in _run(tmp_path, "connections", "test", "nail")
    assert "cannot open a session" in _run(tmp_path, "connections", "test", "mail")
    assert box.messages == []


def test_failed_deliveries_are_listed_and_replayed(tmp_path: Path) -> None:
    """Refused first, sent after a replay."""
    settings = Settings(home=tmp_path)
    with smtp_server() as box, closing(open_registry(settings)) as registry:
        _connect(tmp_path, box.port)
        box.on_recipient["ceo@company.com"] = "550 5.7.1 not today"
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        complete_report(settings, registry, report.id)
        deliver_due(settings, clock=Clock())
        ((row,), _) = registry.deliveries.list_deliveries(None)
        listed = _run(tmp_path, "deliveries", "list", "--status", "failed")
        assert row.id in listed
        assert "550 5.7.1 not today" in listed
        box.on_recipient.clear()
        assert "is pending again" in _run(tmp_path, "deliveries", "replay", row.id)
        deliver_due(settings)
        assert _run(tmp_path, "deliveries", "list", "--status", "failed") == ""
        assert "ConflictError" in _run(tmp_path, "deliveries", "replay", row.id)
    assert len(box.messages) == 1


def test_a_waiting_delivery_is_cancelled_at_the_command_line(tmp_path: Path) -> None:
    """With an event in the audit log; cancelling again is no error; a sent one is refused."""
    settings = Settings(home=tmp_path)
    with smtp_server() as box, closing(open_registry(settings)) as registry:
        _connect(tmp_path, box.port)
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com", "cto@company.com"]}})
        (first, second) = sorted(registry.deliveries.list_deliveries(None)[0], key=lambda row: row.target)
        for _ in range(2):
            shown = _run(tmp_path, "deliveries", "cancel", first.id)
            assert shown == f"{first.id}: email ceo@company.com is cancelled\n"
        assert "delivery_cancelled" in {record.action for record in registry.audit_log.read_records("default")}
        complete_report(settings, registry, report.id)
        deliver_due(settings, clock=Clock())
        assert "is sent" in _run(tmp_path, "deliveries", "cancel", second.id)
    assert [recipient for recipient, _ in box.messages] == ["cto@company.com"]
