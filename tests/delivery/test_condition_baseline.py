"""Conditions compare with the last report that reached the same destination, not with the last one that was made."""

from contextlib import closing
from pathlib import Path
from typing import Any

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.scheduling import create_schedule, run_schedule_now
from tests.support.ledger import Clock, complete_report, mail_connection, settings_of
from tests.support.receivers import Mailbox

_BODY: dict[str, Any] = {
    "name": "Changes",
    "enabled": False,
    "schedule": {"cron": "0 9 1 * *"},
    "report_template": {"type": "compliance", "framework": "soc2", "scope": {}},
}


def test_a_recipient_that_missed_a_report_gets_the_next_one(tmp_path: Path, box: Mailbox) -> None:
    """The server refuses one of two recipients. The same findings again: sent to this one only, then to nobody."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    box.on_recipient["cto@company.com"] = "550 5.1.1 no such user"
    recipients = {"recipients": ["ceo@company.com", "cto@company.com"]}
    with closing(open_registry(settings)) as registry:
        run = _schedule(settings, registry, clock, {"email": recipients, "condition": {"type": "only_if_changed"}})
        assert run() == {"sent": 1, "refused": 1}
        box.on_recipient.clear()
        assert run() == {"sent": 1, "withheld": 1}
        assert run() == {"withheld": 2}
    assert [recipient for recipient, _ in box.messages] == ["ceo@company.com", "cto@company.com"]


def test_without_the_report_that_was_delivered_the_next_one_is_sent(tmp_path: Path, box: Mailbox) -> None:
    """The delivered report was deleted: there is nothing to compare with."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    people = {"recipients": ["ceo@company.com"]}
    with closing(open_registry(settings)) as registry:
        run = _schedule(settings, registry, clock, {"email": people, "condition": {"type": "only_if_changed"}})
        assert run() == {"sent": 1}
        (row,), _ = registry.deliveries.list_deliveries("default")
        registry.reports.delete_report("default", row.report_id)
        assert run() == {"sent": 1}


def test_a_report_without_findings_is_withheld_as_empty(tmp_path: Path, box: Mailbox) -> None:
    """The reason says so."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    people = {"recipients": ["ceo@company.com"]}
    with closing(open_registry(settings)) as registry:
        run = _schedule(settings, registry, clock, {"email": people, "condition": {"type": "not_empty"}})
        assert run() == {"withheld": 1}
        (row,), _ = registry.deliveries.list_deliveries("default")
    assert row.reason == "no finding is in the scope of the report"


def _schedule(settings: Settings, registry: Registry, clock: Clock, delivery: dict[str, Any]) -> Any:  # noqa: ANN401
    """Runs a new schedule once per call, over a lake without findings; the outcomes of its deliveries."""
    with open_lake(settings) as lake:
        snapshot = lake.snapshot()
    body = _BODY | {"delivery": delivery}
    schedule = create_schedule(settings, registry, body, organization="default", created_by=None, now=clock())

    def run() -> dict[str, int]:
        clock.move(hours=1)
        (report_id,) = run_schedule_now(settings, registry, schedule, now=clock())
        complete_report(settings, registry, report_id, now=clock(), snapshot=snapshot)
        return deliver_due(settings, clock=clock).outcomes

    return run
