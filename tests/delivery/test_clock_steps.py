"""The machine's clock steps by ten minutes, forward and back: an import, a schedule and its deliveries happen once.

The clock is the one that the product's functions are given. libfaketime 0.9.10 cannot carry Python 3.11: a wait with a
time limit never ends under it, and with DONT_FAKE_MONOTONIC=1 ``time.sleep`` raises EINVAL. That ``serve`` notices a
step and calls the repair is tested with the supervisor; that Dagster's sensors go on, with the repair of its ticks.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from policycortex.names import DeliveryStatus, ReportStatus
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import TickRow
from policycortex.workflow.clock_repair import bring_forward
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.ledger import MONTHLY, NOW, Clock, complete_report, mail_connection, settings_of
from tests.support.receivers import Mailbox, smtp_server
from tests.unit.findings.ocsf_records import array_text, ocsf_record

_STEP: Final = timedelta(minutes=10)
_EVERY_FIVE_MINUTES: Final[dict[str, Any]] = MONTHLY | {
    "schedule": {"cron": "*/5 * * * *", "timezone": "UTC", "misfire": "all"},
    "delivery": {"email": {"recipients": ["ceo@company.com"]}},
}


class Installation:
    """What the services of an installation do, at the time of its clock."""

    def __init__(self, settings: Settings, registry: Registry, folder: Path) -> None:
        self.settings, self.registry, self.clock = settings, registry, Clock()
        self._folder, self._landed = folder, 0
        made = create_schedule(
            settings, registry, _EVERY_FIVE_MINUTES, organization="default", created_by=None, now=self.clock()
        )
        self._schedule_id = made.id

    def land(self, number: int) -> bool:
        """A file arrives, its content by ``number``, and is imported; whether the content was new."""
        self._landed += 1
        path = self._folder / f"scan-{self._landed}.json"
        path.write_bytes(array_text([ocsf_record(number)]))
        (receipt,) = ingest_files(self.settings, [path], organization="default", now=self.clock()).files
        return receipt.is_new

    def work(self) -> None:
        """Handle due ticks, make their reports, send what is due."""
        for report_id in claim_due_ticks(self.settings, now=self.clock()):
            complete_report(self.settings, self.registry, report_id, now=self.clock())
        deliver_due(self.settings, clock=self.clock)

    def pass_minutes(self, count: int) -> None:
        """The services work each minute."""
        for _ in range(count):
            self.clock.move(minutes=1)
            self.work()

    def step(self, by: timedelta) -> None:
        """The clock of the machine is set. ``serve`` repairs times after it was set back."""
        self.clock.now += by
        if by < timedelta(0):
            bring_forward(self.settings, now=self.clock())
        self.work()

    def reports(self) -> list[TickRow]:
        """The ticks that made one, oldest first."""
        rows, _ = self.registry.schedules.list_ticks(self._schedule_id, limit=1000)
        return [row for row in reversed(rows) if row.report_id is not None]

    def imports(self) -> list[datetime]:
        """When each content was imported."""
        with open_lake(self.settings) as lake, lake.session.cursor() as cursor:
            rows = cursor.execute("SELECT imported_at FROM lake.raw.imports ORDER BY imported_at").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with smtp_server() as running:
        yield running


@pytest.fixture
def installation(tmp_path: Path, box: Mailbox) -> Iterator[Installation]:
    """It has worked for seven minutes: one import, one report."""
    settings = settings_of(tmp_path / "home", {"mail": mail_connection(box.port)})
    folder = tmp_path / "landing"
    folder.mkdir()
    with closing(open_registry(settings)) as registry:
        made = Installation(settings, registry, folder)
        made.pass_minutes(7)
        assert made.land(1)
        yield made


def _minutes(rows: list[TickRow]) -> list[int]:
    """Of the ticks, after the start."""
    return [round((row.tick - NOW).total_seconds() / 60) for row in rows]


def test_ten_minutes_forward_and_right_again(installation: Installation, box: Mailbox) -> None:
    """At 7 minutes the clock shows 17: the ticks of 10 and 15 are handled. Set right, they make no second report.

    The file that comes again while the clock is wrong is known, another one is imported. Each mail is sent once.
    """
    installation.step(_STEP)
    assert (installation.land(1), installation.land(2)) == (False, True)
    assert _minutes(installation.reports()) == [5, 10, 15]
    installation.step(-_STEP)
    assert (installation.land(2), installation.land(3)) == (False, True)
    installation.pass_minutes(20)
    assert _minutes(installation.reports()) == [5, 10, 15, 20, 25]
    at = timedelta(minutes=1)
    assert installation.imports() == [NOW + 7 * at, NOW + 7 * at, NOW + 17 * at]
    claimed = [round((row.claimed_at - NOW) / at) for row in installation.reports()]
    assert claimed == [5, 17, 17, 20, 25]
    _check_sent_once(installation, box)


def test_ten_minutes_back_and_right_again(installation: Installation, box: Mailbox) -> None:
    """At 7 minutes the clock shows 3 minutes before the start. Ticks are handled when the clock shows them.

    The tick of 5 comes by the clock a second time and makes no second report, also after the clock was set right.
    """
    installation.step(-_STEP)
    assert (installation.land(1), installation.land(2)) == (False, True)
    installation.pass_minutes(9)
    assert _minutes(installation.reports()) == [0, 5]
    installation.step(_STEP)
    assert (installation.land(2), installation.land(3)) == (False, True)
    installation.pass_minutes(10)
    assert _minutes(installation.reports()) == [0, 5, 10, 15, 20, 25]
    at = timedelta(minutes=1)
    assert installation.imports() == [NOW - 3 * at, NOW + 7 * at, NOW + 16 * at]
    _check_sent_once(installation, box)


def test_a_delivery_that_waits_is_sent_once_after_the_step(installation: Installation, box: Mailbox) -> None:
    """The mail server defers while the clock is ahead. Set right, the mail waits until the time that was noted for it,
    which is ten minutes longer and never more than the longest delay, and is sent once.
    """
    box.on_data = "451 4.3.0 later"
    installation.step(_STEP)
    assert len(box.messages) == 1
    installation.step(-_STEP)
    box.on_data = "250 2.0.0 taken"
    installation.pass_minutes(20)
    _check_sent_once(installation, box)


def _check_sent_once(installation: Installation, box: Mailbox) -> None:
    rows, total = installation.registry.deliveries.list_deliveries("default", limit=100)
    reports = [row.report_id for row in installation.reports()]
    assert sorted(row.report_id for row in rows) == sorted(filter(None, reports))
    assert {row.status for row in rows} == {DeliveryStatus.SENT}
    assert len(box.messages) == total == len(set(reports))
    found = [installation.registry.reports.find_report(row.report_id) for row in rows]
    assert {row.status for row in found} == {ReportStatus.COMPLETED}
    assert all(row.created_at <= (row.completed_at or NOW) for row in found)
