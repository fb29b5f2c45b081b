"""``fresh_within``: a report of old scans is withheld, and is made again and sent once after an import."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policycortex.names import DeliveryStatus
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry, withheld
from policycortex.storage.registry.rows import Sharing
from policycortex.workflow.fresh_scans import remake_withheld_reports
from policycortex.workflow.outbox import cancel_delivery, deliver_due, has_due_deliveries
from policycortex.workflow.scheduling import create_schedule, run_schedule_now
from tests.support.ledger import NOW, Clock, complete_report, mail_connection, rows_of, settings_of
from tests.support.own_processes import process_of
from tests.support.receivers import Mailbox
from tests.support.samples.lake import finding, import_findings

_OLD, _NEW = date(2026, 3, 20), NOW.date()
_ME = "ceo@company.com"
_BODY: dict[str, Any] = {
    "name": "Fresh",
    "enabled": False,
    "schedule": {"cron": "0 9 1 * *"},
    "report_template": {"type": "compliance", "framework": "soc2", "scope": {"date_range_type": "last_month"}},
    "delivery": {"email": {"recipients": [_ME]}, "condition": {"type": "fresh_within", "hours": 48}},
}


def _import(settings: Settings, *days: date, account: str) -> None:
    with open_lake(settings) as lake:
        lake.state.rebuild_state(
            import_findings(lake, [finding(day, account=account) for day in days], organization="default")
        )


def _withheld(settings: Settings, registry: Registry, clock: Clock, **changes: Any) -> tuple[str, str]:  # noqa: ANN401
    """A schedule and its report, made at ``clock`` and withheld."""
    made = create_schedule(settings, registry, _BODY | changes, organization="default", created_by=None, now=clock())
    (report_id,) = run_schedule_now(settings, registry, made, now=clock())
    with open_lake(settings) as lake:
        complete_report(settings, registry, report_id, now=clock(), snapshot=lake.snapshot())
    assert deliver_due(settings, clock=clock).outcomes == {"withheld": 1}
    return made.id, report_id


def test_a_report_waits_for_the_scan_and_is_made_again_from_it(tmp_path: Path, box: Mailbox) -> None:
    """Twelve days old against 48 hours; another account's scan does not help; the new report is sent once."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    _import(settings, _OLD, account="111")
    _import(settings, _NEW, account="222")
    with closing(open_registry(settings)) as registry:
        schedule_id, old_id = _withheld(settings, registry, clock)
        row = rows_of(registry)[_ME]
        assert (row.status, row.ended_at) == (DeliveryStatus.WITHHELD, None)
        assert row.reason == (
            "waits for scans that are at most 48 hours old: aws 111 (newest scan: 2026-03-20 06:00 UTC)"
        )
        clock.move(minutes=2)
        assert remake_withheld_reports(settings, now=clock()) == ()
        assert not has_due_deliveries(settings, now=clock())
        _import(settings, _NEW, account="111")
        clock.move(minutes=2)
        with ThreadPoolExecutor(2) as pool:
            rounds = [pool.submit(remake_withheld_reports, settings, now=clock()) for _ in range(2)]
            (new_id,) = (report_id for each in rounds for report_id in each.result())
        assert remake_withheld_reports(settings, now=clock() + timedelta(hours=1)) == ()
        ((tick,), _) = registry.schedules.list_ticks(schedule_id)
        assert (tick.report_id, tick.report_status, tick.delivery_status) == (new_id, "pending", DeliveryStatus.WAITING)
        old, new = registry.reports.find_report(old_id), registry.reports.find_report(new_id)
        assert (new.order, new.name, new.due_at) == (old.order, old.name, old.due_at)
        complete_report(settings, registry, new_id, now=clock())
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
        assert deliver_due(settings, clock=clock).total == 0
        sent = rows_of(registry)[_ME]
        assert (sent.id, sent.report_id, sent.status) == (row.id, new_id, DeliveryStatus.SENT)
        assert [attempt.outcome for attempt in sent.attempts] == ["withheld", "sent"]
    assert [recipient for recipient, _ in box.messages] == [_ME]


def _die_while_remaking(settings: Settings, now: datetime, when: str) -> None:
    """End this process in the transaction, or right after it."""
    if when == "before the commit":
        withheld._made_again = lambda *_: os._exit(9)
    else:
        move = withheld.WithheldRepository.move_to_new_report

        def and_die(self: withheld.WithheldRepository, *given: Any, **named: Any) -> bool:  # noqa: ANN401
            move(self, *given, **named)
            os._exit(9)

        withheld.WithheldRepository.move_to_new_report = and_die  # type: ignore[method-assign]
    remake_withheld_reports(settings, now=now)


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_killed_process_makes_no_second_report(tmp_path: Path, box: Mailbox, when: str) -> None:
    """Whenever it ends, there is one new report with the one delivery."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    _import(settings, _OLD, account="111")
    with closing(open_registry(settings)) as registry:
        _withheld(settings, registry, clock)
        _import(settings, _NEW, account="111")
        clock.move(minutes=2)
        child = process_of(_die_while_remaking, settings, clock(), when)
        child.start()
        child.join(60)
        assert child.exitcode == 9
        made = remake_withheld_reports(settings, now=clock())
        assert len(made) == (1 if when == "before the commit" else 0)
        page = registry.reports.list_reports("default")
        assert page.total == 2
        row = rows_of(registry)[_ME]
        assert row.status is DeliveryStatus.WAITING
        complete_report(settings, registry, row.report_id, now=clock())
        assert deliver_due(settings, clock=clock).outcomes == {"sent": 1}
    assert len(box.messages) == 1


def test_a_restricted_report_is_made_again_for_the_same_readers(tmp_path: Path, box: Mailbox) -> None:
    """The new report is shared as the withheld one was."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    _import(settings, _OLD, account="111")
    with closing(open_registry(settings)) as registry:
        key, _ = registry.keys.create_key(organization="default", name="reader")
        other, _ = registry.keys.create_key(organization="default", name="other")
        _, report_id = _withheld(settings, registry, clock)
        only = Sharing(key_ids=(key.id,))
        registry.sharing.share_report("default", report_id, only, now=clock())
        _import(settings, _NEW, account="111")
        clock.move(minutes=2)
        (new_id,) = remake_withheld_reports(settings, now=clock())
        for made in (report_id, new_id):  # no key requested either of them
            assert not registry.reports.is_hidden(made, reader=key.id)
            assert registry.reports.is_hidden(made, reader=other.id)


def test_a_waiting_delivery_ends_when_it_is_cancelled(tmp_path: Path, box: Mailbox) -> None:
    """The import makes nothing again then."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    _import(settings, _OLD, account="111")
    with closing(open_registry(settings)) as registry:
        _withheld(settings, registry, clock)
        assert cancel_delivery(settings, rows_of(registry)[_ME].id, now=clock()).status is DeliveryStatus.CANCELLED
        _import(settings, _NEW, account="111")
        clock.move(minutes=2)
        assert remake_withheld_reports(settings, now=clock()) == ()
    assert box.messages == []


def test_named_accounts_without_any_scan_are_waited_for(tmp_path: Path, box: Mailbox) -> None:
    """As is an account that is in no file at all; accounts outside the scope do not matter."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock()
    _import(settings, _OLD, account="111")
    _import(settings, _NEW, account="222")
    scope = {"date_range_type": "last_month", "accounts": ["222", "333"]}
    with closing(open_registry(settings)) as registry:
        _withheld(settings, registry, clock, report_template=_BODY["report_template"] | {"scope": scope})
        reason = rows_of(registry)[_ME].reason
    assert reason == "waits for scans that are at most 48 hours old: 333 (newest scan: never)"
