"""The documented monthly schedule in four zones, end to end: all that a recipient reads names the local month."""

import email
import email.policy
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import trustme

from policycortex.channels.connections import load_connections
from policycortex.channels.patterns import fill_object_name
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.workflow.delivery_content import build_content
from policycortex.workflow.due_reports import load_due_reports
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import produce_report
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.ledger import MONTHLY, Clock, mail_connection, settings_of
from tests.support.receivers import Call, Mailbox, Receiver, smtp_server, tls_receiver
from tests.support.samples.lake import finding, import_findings

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia")
_SEPTEMBER, _OCTOBER = date(2026, 9, 20), date(2026, 10, 20)
_FORMATS = ("pdf", "excel", "json")


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What reached the recipients of one zone's report."""

    mail: EmailMessage
    calls: dict[str, Call]
    object_name: str
    partition_key: str
    folder: Path

    def file(self, extension: str) -> Path:
        """The attachment of that kind."""
        (part,) = (p for p in self.mail.iter_attachments() if str(p.get_filename()).endswith(extension))
        path = self.folder / f"attached.{extension}"
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        path.write_bytes(content)
        return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Findings of a scan in September and one in October, and of two scans near the ends of October."""
    folder = tmp_path_factory.mktemp("months")
    settings = Settings(home=folder)
    for day, statuses in ((_SEPTEMBER, ("FAIL", "FAIL")), (_OCTOBER, ("FAIL", "PASS"))):
        with open_lake(settings) as lake:
            rows = [finding(day, "iam_root_mfa_enabled", f"r{n}", status) for n, status in enumerate(statuses)]
            import_findings(lake, rows)
    near = (("first", date(2026, 9, 30), 19), ("last", date(2026, 10, 31), 11))
    with open_lake(settings) as lake:
        check = "iam_root_mfa_enabled"
        import_findings(lake, [finding(day, check, name, account=name, hour=hour) for name, day, hour in near])
    rebuild_days(settings, (_SEPTEMBER, _OCTOBER, *(day for _, day, _ in near)))
    return folder


@pytest.fixture(scope="module", params=ZONES)
def zone(request: pytest.FixtureRequest) -> str:
    """The schedule's zone."""
    return str(request.param)


@pytest.fixture(scope="module")
def delivered(zone: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    """The report of the tick on 1 November at 9:00 in the zone, sent over every channel that shows a period."""
    authority, folder = trustme.CA(), tmp_path_factory.mktemp("zone")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    with tls_receiver(authority) as receiver, smtp_server() as box, pytest.MonkeyPatch.context() as environ:
        _answer(receiver)
        environ.setenv("TEAMS_URL", f"{receiver.url}/teams")
        environ.setenv("A_SECRET", "a-secret-of-some-length")
        settings = _settings(home, receiver, box, str(folder / "ca.pem"))
        tick = datetime(2026, 11, 1, 9, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        yield _deliver(settings, zone, tick, receiver=receiver, box=box, folder=folder)


def _answer(receiver: Receiver) -> None:
    ok = json.dumps({"ok": True, "channel": "C024BE91L", "ts": "1775048400.000100"}).encode()
    receiver.answer = lambda _call: (200, {}, ok)


def _settings(home: Path, receiver: Receiver, box: Mailbox, ca_file: str) -> Settings:
    slack = {"type": "slack", "token": "env:A_SECRET", "base_url": f"{receiver.url}/slack", "attach_files": False}
    connections = {
        "mail": mail_connection(box.port),
        "slack": slack | {"ca_file": ca_file},
        "teams": {"type": "teams", "url": "env:TEAMS_URL", "ca_file": ca_file},
        "hook": {"type": "webhook", "secret": "env:A_SECRET", "url": f"{receiver.url}/hook", "ca_file": ca_file},
    }
    return settings_of(home, connections, allow_networks=["127.0.0.0/8", "::1/128"])


def _deliver(
    settings: Settings, zone: str, tick: datetime, *, receiver: Receiver, box: Mailbox, folder: Path
) -> Delivered:
    body = MONTHLY | {
        "name": f"Executive report of {zone.partition('/')[2]}",
        "schedule": MONTHLY["schedule"] | {"timezone": zone},
        "report_template": MONTHLY["report_template"] | {"format_options": {"formats": list(_FORMATS)}},
        "delivery": {
            "email": {"recipients": ["ceo@company.com"], "subject": "{{name}} - {{period}}, {{month}}"},
            "slack": MONTHLY["delivery"]["slack"],
            "teams": {},
            "webhook": {},
        },
    }
    with closing(open_registry(settings)) as registry:
        create_schedule(
            settings, registry, body, organization="default", created_by=None, now=tick - timedelta(days=10)
        )
        (report_id,) = claim_due_ticks(settings, now=tick + timedelta(minutes=1))
        (due,) = load_due_reports(settings, (report_id,))
        produce_report(settings, report_id, run_id="run-1", now=tick + timedelta(minutes=2))
        outcomes = deliver_due(settings, clock=Clock(tick + timedelta(minutes=3))).outcomes
        assert outcomes == {"sent": 4}
        (row, *_), _ = registry.deliveries.list_deliveries("default", report_id=report_id)
        with build_content(settings, registry, load_connections(settings), row, now=tick) as content:
            object_name = fill_object_name("{{month}}/{{period}} of {{date}} {{time}}", content)
    message = email.message_from_bytes(box.messages[0][1], policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    calls = {call.path: call for call in receiver.calls}
    return Delivered(mail=message, calls=calls, object_name=object_name, partition_key=due.partition_key, folder=folder)


def test_mail_and_card_name_the_local_month(delivered: Delivered) -> None:
    """Subject, both parts of the mail, the Slack message and the Teams card."""
    assert str(delivered.mail["Subject"]).endswith(" - 2026-10-01 to 2026-10-31, 2026-10")
    days = "1 October 2026 to 31 October 2026"
    for kind in ("plain", "html"):
        part = delivered.mail.get_body((kind,))
        assert part is not None
        assert days in part.get_content()
    assert days in delivered.calls["/teams"].body.decode()
    assert days in delivered.calls["/slack/chat.postMessage"].body.decode()


def test_the_event_names_the_local_month(delivered: Delivered, zone: str) -> None:
    """Its bounds are midnights of the zone, its days are the month's."""
    period = delivered.calls["/hook"].json["data"]["report"]["period"]
    assert [_local(period[bound], zone) for bound in ("start", "end")] == ["2026-10-01 00:00", "2026-11-01 00:00"]
    assert (period["first_day"], period["last_day"], period["timezone"]) == ("2026-10-01", "2026-10-31", zone)


def test_names_and_keys_are_of_the_local_month(delivered: Delivered, zone: str) -> None:
    """The object name, dated by the tick in the zone, and Dagster's partition key."""
    assert delivered.object_name == "2026-10/2026-10-01 to 2026-10-31 of 2026-11-01 09-00"
    assert delivered.partition_key == f"2026-10-01..2026-10-31 {zone} soc2 compliance production"


def test_the_pdf_prints_the_month_and_the_month_before(delivered: Delivered, zone: str) -> None:
    """Cover, methodology and comparison; the creation in the zone."""
    command = ["pdftotext", str(delivered.file("pdf")), "-"]  # in reading order: facts of the cover stand in columns
    text = " ".join(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert text.count("1–31 October 2026") >= 2
    assert "the previous period, 1 September 2026 – 30 September 2026" in text
    assert f"1 November 2026, 09:02 {zone}" in text


def test_the_workbook_prints_the_month(delivered: Delivered, zone: str) -> None:
    """The title of the summary, and the sheet about the report."""
    book = openpyxl.load_workbook(delivered.file("xlsx"), read_only=True)
    title = [str(row[0]) for row in book["Summary"].iter_rows(values_only=True) if row and row[0]]
    assert any(cell.endswith("1–31 October 2026") for cell in title)
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True) if row and row[0]}
    book.close()
    assert about["Period"] == "1–31 October 2026"
    assert about["Generated"] == f"1 November 2026, 09:02 {zone}"
    assert _local(str(about["Period from"]), zone) == "2026-10-01 00:00"


def test_the_numbers_are_of_the_local_month(delivered: Delivered, zone: str) -> None:
    """Scans near midnight count in the month that the zone's clocks showed, against the month before.

    19:00 UTC on 30 September is October in Kathmandu and Apia; 11:00 UTC on 31 October is November in Apia only.
    """
    report = json.loads(delivered.file("json").read_text())
    expected = {"America/New_York": 2, "Europe/Berlin": 2, "Asia/Kathmandu": 3, "Pacific/Apia": 2}
    assert report["summary"]["total_violations"] == expected[zone]
    against = report["comparison"]["against"]
    assert [_local(against[bound], zone) for bound in ("start", "end")] == ["2026-09-01 00:00", "2026-10-01 00:00"]


def _local(moment: str, zone: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
